import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import {
  answer,
  BUILD,
  countsOf,
  type Handler,
  JOB,
  MANIFEST,
  platform,
  refuse,
  room,
  run,
  runPipe,
  serve,
  start,
  TOKEN,
  useRoom,
  WARNING,
  write,
  writeProject,
} from '../test/support/cli-room.ts'
import { elfFile } from '../test/support/elf.ts'

useRoom()

describe('distropack build', () => {
  it('makes packages without a server, and says only their paths on stdout', async () => {
    writeProject()
    const done = await run(['build', '--target', 'deb/amd64', 'rpm/amd64', '--target', 'apk/amd64', '--out', 'out'])
    expect(done.status).toBe(0)
    expect(
      done.stdout
        .trim()
        .split('\n')
        .map((line) => line.split('  ')[0]),
    ).toEqual(['out/tool_1.0.0_amd64.deb', 'out/tool-1.0.0-1.x86_64.rpm', 'out/tool_1.0.0_x86_64.apk'])
    expect(readdirSync(join(room, 'out'))).toHaveLength(3)
  })

  it('warns once of what every target has, and keeps it for --json', async () => {
    write('nfpm.yaml', `${MANIFEST}scripts: {postinstall: post.sh}\n`)
    write('bin/tool', '#!/bin/sh\n', 0o755)
    write('post.sh', '#!/bin/sh\r\ntrue\r\n')
    const done = await run(['build', '--json', '--target', 'deb/amd64', 'rpm/amd64', '--out', 'out'])
    expect(done.stderr.match(/^warning: nfpm\.yaml:6:\d+: post\.sh has Windows line ends/gm)).toHaveLength(1)
    expect(JSON.parse(done.stdout)).toMatchObject({ ok: true, warnings: [{ code: 'line_ends_converted' }] })
  })

  it('says which targets cannot be made and how to make the rest, and makes it with --keep-going', async () => {
    write('nfpm.yaml', `${MANIFEST}depends: [a | b]\n`)
    write('bin/tool', '#!/bin/sh\n', 0o755)
    const args = ['build', '--target', 'deb/amd64', 'apk/amd64', '--out', 'out']
    const stopped = await run([...args, '--json'])
    expect([stopped.status, existsSync(join(room, 'out'))]).toEqual([2, false])
    const { faults } = JSON.parse(stopped.stdout).error
    expect(faults.map(({ code }: { code: string }) => code)).toEqual(['field_invalid', 'target_impossible'])
    expect(faults[1].message).toMatch(/^apk\/amd64 cannot .*--target deb\/amd64.*--keep-going/)
    const going = await run([...args, '--keep-going'])
    expect([going.status, going.stdout.split('  ')[0]]).toEqual([0, 'out/tool_1.0.0_amd64.deb'])
    expect(going.stderr).toMatch(/^warning: apk\/amd64 is left out: .*nfpm\.yaml:6/m)
  })

  it('ends a build for another machine, and goes on with the rest where it is told to', async () => {
    write('nfpm.yaml', MANIFEST)
    mkdirSync(join(room, 'bin'))
    writeFileSync(join(room, 'bin/tool'), elfFile({ machine: 62, interpreter: '/lib64/ld-linux-x86-64.so.2' }))
    const args = ['build', '--target', 'deb/386', 'apk/amd64', '--out', 'out', '--json']
    const done = await run([...args, '--keep-going'])
    expect(done.status).toBe(2)
    expect(JSON.parse(done.stdout)).toMatchObject({
      error: { code: 'binary_foreign', faults: [{ message: expect.stringContaining('allow_foreign_binaries') }] },
      packages: [{ target: 'apk/amd64' }],
      warnings: [{ code: 'binary_needs_glibc' }],
    })
    write('nfpm.yaml', `${MANIFEST}allow_foreign_binaries: true\n`)
    expect((await run(args)).status).toBe(0)
  })

  it('warns of a package that installs nothing, unless it depends on others', async () => {
    write('nfpm.yaml', MANIFEST.replace(/contents:.*\n/, ''))
    const empty = await run(['build', '--target', 'deb/amd64', '--json'])
    expect(JSON.parse(empty.stdout)).toMatchObject({ ok: true, warnings: [{ code: 'package_empty' }] })
    write('nfpm.yaml', MANIFEST.replace(/contents:.*\n/, 'depends: [other]\n'))
    const meta = await run(['build', '--target', 'deb/amd64', '--json'])
    expect(JSON.parse(meta.stdout).warnings).toEqual([])
  })

  it('refuses a manifest that is no UTF-8, with the byte, and warns of a byte order mark', async () => {
    writeProject()
    const latin1 = MANIFEST.replace('name: tool', 'name: tool # \u00e9')
    writeFileSync(join(room, 'nfpm.yaml'), latin1, 'latin1')
    const refused = await run(['build', '--json'])
    expect(refused.status).toBe(2)
    expect(JSON.parse(refused.stdout).error).toMatchObject({
      code: 'encoding_invalid',
      faults: [{ message: expect.stringMatching(/^nfpm\.yaml:1:14: byte 13 \(0xe9\) is no UTF-8/) }],
    })
    writeFileSync(join(room, 'nfpm.yaml'), `\ufeff${MANIFEST}`, 'utf16le')
    expect((await run(['build'])).stderr).toContain('nfpm.yaml is UTF-16. Save it as UTF-8.')
    write('nfpm.yaml', `\ufeff${MANIFEST}`)
    const marked = await run(['build', '--target', 'deb/amd64'])
    expect(marked.status).toBe(0)
    expect(marked.stderr).toMatch(/^warning: nfpm\.yaml:1:\d+: begins with a byte order mark/m)
  })

  it('leaves nothing behind when a source is missing, and names the line', async () => {
    write('nfpm.yaml', MANIFEST)
    const done = await run(['build', '--json', '--out', 'out'])
    expect(done.status).toBe(2)
    expect(JSON.parse(done.stdout)).toMatchObject({
      ok: false,
      error: { code: 'source_missing', faults: [{ where: { file: 'nfpm.yaml', line: 5 } }] },
    })
    expect(existsSync(join(room, 'out'))).toBe(false)
  })

  it('says in one run all that it can see: wrong targets, and what is wrong for the right ones', async () => {
    write('nfpm.yaml', MANIFEST.replace('arch: amd64', 'arch: amd64\ntargets: [deb/vax, flatpak, rpm]'))
    const done = await run(['build'])
    expect(done.status).toBe(2)
    expect(done.stderr.match(/^error: nfpm\.yaml:\d+:\d+: /gm)).toHaveLength(3)
    expect(done.stderr).toMatch(/"deb\/vax".*"flatpak".*bin\/tool is not there/s)
  })

  it.each(['SIGINT', 'SIGTERM'] as const)('clears away what it had begun when %s ends it', async (signal) => {
    write('nfpm.yaml', MANIFEST)
    mkdirSync(join(room, 'bin'))
    // Some seconds of xz.
    writeFileSync(join(room, 'bin/tool'), randomBytes(24 << 20))
    const child = start('build', '--out', 'out', '--target', 'deb/amd64')
    const ended = new Promise((resolve) => child.once('exit', (status, by) => resolve([status, by])))
    await expect.poll(() => existsSync(join(room, 'out')) && readdirSync(join(room, 'out'))).toHaveLength(1)
    const before = readdirSync(room)
    child.kill(signal)
    expect(await ended).toEqual([null, signal])
    expect(before.filter((name) => name.startsWith('distropack-'))).toHaveLength(1)
    expect(readdirSync(room).filter((name) => name.startsWith('distropack-'))).toEqual([])
    expect(readdirSync(join(room, 'out'))).toEqual([])
  })

  it('builds the same bytes again, over what it built before', async () => {
    writeProject()
    const env = { SOURCE_DATE_EPOCH: '1700000000' }
    const runs = [await run(['build', '--json'], env), await run(['build', '--json'], env)]
    const digests = runs.map(({ stdout }) =>
      JSON.parse(stdout).packages.map(({ sha256 }: { sha256: string }) => sha256),
    )
    expect(digests[0]?.length).toBeGreaterThan(1)
    expect(digests[1]).toEqual(digests[0])
  })
})

describe('a wrong command line', () => {
  it.each([
    [['bild'], 'unknown command'],
    [['build', '--taget', 'x'], 'unknown option'],
    [['build', '--target', 'dep/amd64'], 'is not a target'],
    [['build', '-f', 'gone.yaml'], 'gone.yaml is not there'],
    [['publish', '--project', 'Acme'], 'organization/name'],
    [['publish', '--project', 'acme/tool', '--channel', '../x'], 'is not a channel'],
    [['publish', '--project', 'acme/tool', '--timeout', 'soon'], 'number of seconds'],
    [['status', 'bld_1', '--project', 'acme/tool'], 'Which server?'],
    [['status', 'bld_1', '--project', 'acme/tool', '--url', 'ftp://x'], 'not the address of a server'],
  ])('%j ends with 2 and says what is wrong', async (args, message) => {
    writeProject()
    const [plain, json] = await Promise.all([run(args), run([...args, '--json'])])
    expect(plain).toMatchObject({ status: 2, stdout: '' })
    expect(plain.stderr).toContain(message)
    expect(json.status).toBe(2)
    expect(JSON.parse(json.stdout)).toMatchObject({ ok: false, error: { message: expect.stringContaining(message) } })
  })
})

describe('help', () => {
  it.each([[['publish', '--help']], [['help', 'publish']], [['build', '-h']]])(
    '%j lists the targets there are',
    async (args) => {
      const done = await run(args)
      expect(done.status).toBe(0)
      expect(done.stdout).toMatch(/^Targets: .*deb\/\{amd64,.*zip\/\{/m)
    },
  )
})

describe('distropack login', () => {
  const whoami: Handler = (request, response) =>
    request.headers.authorization === `Bearer ${TOKEN}`
      ? answer(response, 200, {
          kind: 'organization',
          email: null,
          organization: 'acme',
          project: 'tool',
          scopes: ['publish'],
          isOperator: false,
        })
      : refuse(response, 401, 'unauthenticated', 'This token is not known.')

  it('keeps a token that works, for this user’s eyes only', async () => {
    const url = await serve(whoami)
    const done = await run(['login', '--url', `${url}/`, '--token', TOKEN], { XDG_CONFIG_HOME: join(room, 'xdg') })
    expect(done).toMatchObject({ status: 0, stdout: `Logged in to ${url} for acme/tool (publish).\n` })
    const path = join(room, 'xdg/distropack/config.json')
    expect(statSync(path).mode & 0o777).toBe(0o600)
    expect(JSON.parse(readFileSync(path, 'utf8'))).toEqual({ url, token: TOKEN, project: 'acme/tool' })
  })

  it('says so where it cannot keep one', async () => {
    const url = await serve(whoami)
    write('file', '')
    const done = await run(['login', '--url', url, '--token', TOKEN], { XDG_CONFIG_HOME: join(room, 'file') })
    expect(done.status).toBe(2)
    expect(done.stderr).toMatch(/config\.json cannot be written \(\w+\)\. .*DISTROPACK_API_TOKEN/)
    expect(done.stderr).not.toContain(TOKEN)
  })

  it('keeps no token that does not, and shows it nowhere', async () => {
    const url = await serve(whoami)
    const done = await run(['login', '--url', url, '--json'], { DISTROPACK_API_TOKEN: 'wrong-token' })
    expect(done.status).toBe(3)
    expect(JSON.parse(done.stdout)).toMatchObject({ error: { code: 'unauthenticated', requestId: 'req_7' } })
    expect(done.stdout + done.stderr).not.toContain('wrong-token')
    expect(existsSync(join(room, '.config'))).toBe(false)
  })

  it('a kept token is not sent to another server', async () => {
    write('.config/distropack/config.json', JSON.stringify({ url: 'https://one.test', token: TOKEN }))
    const seen: (string | undefined)[] = []
    const url = await serve((request, response) => {
      seen.push(request.headers.authorization)
      answer(response, 200, {})
    })
    const done = await run(['status', 'bld_1', '-p', 'acme/tool', '--url', url])
    expect(done.status).toBe(2)
    expect(seen).toEqual([])
  })
})

describe('distropack publish', () => {
  const env = (url: string) => ({
    DISTROPACK_API_URL: url,
    DISTROPACK_API_TOKEN: TOKEN,
    DISTROPACK_PROJECT: 'acme/tool',
  })

  it('makes the project, sends what is missing, and says how to install', async () => {
    writeProject()
    const requests: string[] = []
    const bodies: string[] = []
    const url = await serve(platform('published', requests, bodies))
    const done = await run(['publish', '--target', 'deb/amd64', '--version', '2.0.0'], { ...env(url), SECRET: 'mine' })
    expect(done.status).toBe(0)
    expect(done.stdout).toContain('apt install tool')
    expect(requests).toEqual([
      'GET ',
      'PUT ',
      'POST /blobs/missing',
      'PUT /blobs/SHA',
      'POST /builds',
      'GET /builds/bld_1',
      'GET /install?channel=stable',
    ])
    expect(JSON.parse(bodies[0] ?? '')).toMatchObject({
      manifest: MANIFEST,
      manifestFile: 'nfpm.yaml',
      version: '2.0.0',
      targets: ['deb/amd64'],
      variables: {},
      sources: [{ kind: 'file', path: 'bin/tool', mode: 0o755, sizeBytes: 10 }],
    })
    expect(bodies[0]).not.toContain('mine')
  })

  it("neither opens nor names the manifest's own keys to the server, and says who signs", async () => {
    writeProject()
    write('nfpm.yaml', `${MANIFEST}deb: {signature: {key_file: "$KEY_FILE", key_id: "$KEY_ID"}}\n`)
    const bodies: string[] = []
    const url = await serve(platform('published', [], bodies))
    const keys = { KEY_FILE: 'secret-place.gpg', KEY_ID: 'ABCD', NFPM_PASSPHRASE: 'sesame' }
    const done = await run(['publish', '--target', 'deb/amd64'], { ...env(url), ...keys })
    expect(done.status).toBe(0)
    expect(done.stderr).toContain("here the project's key signs")
    expect(JSON.parse(bodies[0] ?? '').variables).toEqual({})
    expect(`${bodies[0]}${done.stdout}${done.stderr}`).not.toMatch(/secret-place|ABCD|sesame/)
  })

  it('ends with 1 when a job fails, with its reason', async () => {
    writeProject()
    const url = await serve(platform('failed'))
    const done = await run(['publish', '--json', '--target', 'deb/amd64'], env(url))
    expect(done.status).toBe(1)
    expect(JSON.parse(done.stdout)).toMatchObject({
      ok: false,
      error: { code: 'build_failed', message: 'deb/amd64: A name must be one.' },
      build: { id: 'bld_1' },
    })
  })

  it('ends with 4 when it is not done in time, and names the build', async () => {
    writeProject()
    const url = await serve(platform('building'))
    const done = await run(['publish', '--target', 'deb/amd64', '--timeout', '1'], env(url))
    expect(done.status).toBe(4)
    expect(done.stderr).toContain('distropack status bld_1 --project acme/tool')
  })

  it('ends with 3 when the token may not', async () => {
    writeProject()
    const url = await serve((_, response) => refuse(response, 403, 'forbidden', 'This token cannot publish.'))
    const done = await run(['publish'], env(url))
    expect(done.status).toBe(3)
    expect(done.stderr).toContain('This token cannot publish.')
  })

  it('ends with 1 and every reason when the server refuses the build', async () => {
    writeProject()
    const ready = platform('published')
    const url = await serve((request, response, body) =>
      request.url?.endsWith('/builds')
        ? refuse(response, 409, 'version_exists', 'There is a tool 1.0.0.')
        : ready(request, response, body),
    )
    const done = await run(['publish', '--json'], env(url))
    expect(done.status).toBe(1)
    expect(JSON.parse(done.stdout).error.code).toBe('version_exists')
  })

  it('says that a file changed when the server finds other bytes', async () => {
    writeProject()
    const ready = platform('published')
    const url = await serve((request, response, body) =>
      request.method === 'PUT' && request.url?.includes('/blobs/')
        ? refuse(response, 422, 'digest_mismatch', 'Other bytes.')
        : ready(request, response, body),
    )
    const done = await run(['publish'], env(url))
    expect(done.status).toBe(2)
    expect(done.stderr).toContain('bin/tool changed while it was sent')
  })

  it('waits when told to, which is what it does anyway', async () => {
    writeProject()
    const url = await serve(platform('published'))
    const [told, untold] = [await run(['publish', '--wait'], env(url)), await run(['publish'], env(url))]
    expect(told).toMatchObject({ status: 0, stdout: untold.stdout })
  })

  it('says the warnings of jobs, and of one mistake once', async () => {
    writeProject()
    const url = await serve(platform('published'))
    const done = await run(['publish', '--json'], env(url))
    expect(done.stderr.match(/^warning: post\.sh had CRLF$/gm)).toHaveLength(1)
    expect(JSON.parse(done.stdout).warnings).toEqual([WARNING])
  })

  it('does not wait when it need not', async () => {
    writeProject()
    const url = await serve(platform('building'))
    const done = await run(['publish', '--no-wait'], env(url))
    expect(done).toMatchObject({
      status: 0,
      stdout: 'Started bld_1; ask with `distropack status bld_1 --project acme/tool`.\n',
    })
  })
})

it('prints the schema as one document, told so or not', async () => {
  const told = await run(['jsonschema', '--json'])
  expect(JSON.parse(told.stdout).type).toBe('object')
  expect(told).toEqual(await run(['jsonschema']))
})

it('ends without a word when its reader has enough', async () => {
  expect(await runPipe('jsonschema', 'head -c 1')).toBe('{')
})

describe('distropack status and logs', () => {
  const flags = (url: string) => ['--url', url, '--token', TOKEN, '--project', 'acme/tool']
  const server = (): Promise<string> =>
    serve((request, response) => {
      const query = new URL(request.url ?? '', 'http://x').searchParams
      if (!request.url?.includes('/log'))
        return answer(response, 200, { ...BUILD, counts: countsOf('built'), jobs: [{ ...JOB, state: 'built' }] })
      const isFirst = !query.has('cursor')
      return answer(response, 200, {
        lines: [{ atMs: isFirst ? 0 : 1000, line: isFirst ? 'one' : 'two' }],
        nextCursor: isFirst ? 'c1' : null,
      })
    })

  it('says what became of each target', async () => {
    const done = await run(['status', 'bld_1', ...flags(await server())])
    expect(done).toMatchObject({
      status: 0,
      stdout: 'bld_1  open  channel stable\ndeb/amd64  built\n  warning: post.sh had CRLF\n',
    })
  })

  it('prints every page of a log', async () => {
    const done = await run(['logs', 'bld_1', ...flags(await server())])
    expect(done.stdout).toBe('1970-01-01T00:00:00.000Z deb/amd64 one\n1970-01-01T00:00:01.000Z deb/amd64 two\n')
  })

  it('says which targets a build has', async () => {
    const done = await run(['logs', 'bld_1', '--target', 'apk/amd64', ...flags(await server())])
    expect(done.status).toBe(2)
    expect(done.stderr).toContain('it has deb/amd64')
  })
})
