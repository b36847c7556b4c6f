// The command line's nouns against the real platform, as people use them one after another: from an account to a file on
// this machine, with no other program.
import { execFile } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'

const PROGRAM = join(import.meta.dirname, '../../cli/bin/distropack.mjs')
const EMAIL = 'grace@example.net'
const PASSWORD = 'a password of ten and more'
const ORGANIZATION = 'words'
const PROJECT = `${ORGANIZATION}/tool`

const { url, operatorToken } = inject('sharedPlatform')
const room = mkdtempSync(join(tmpdir(), 'distropack-words-'))

interface Run {
  readonly status: number
  readonly stdout: string
  readonly stderr: string
}

/** `stdin`: what a person would type. */
const run = (words: readonly string[], stdin = '', env: Readonly<Record<string, string>> = {}): Promise<Run> =>
  new Promise((done) => {
    const { PATH, NODE_COMPILE_CACHE } = process.env
    const options = { cwd: room, env: { PATH, NODE_COMPILE_CACHE, HOME: room, ...env } }
    const child = execFile(process.execPath, [PROGRAM, ...words], options, (error, stdout, stderr) =>
      done({ status: error ? Number(error.code) : 0, stdout, stderr }),
    )
    child.stdin?.end(stdin)
  })

/** What it says, when it works. */
const say = async (...words: readonly string[]): Promise<string> => {
  const { status, stdout, stderr } = await run(words)
  if (status !== 0) throw new Error(`distropack ${words.join(' ')} ended with ${status}: ${stderr}${stdout}`)
  return stdout
}
// biome-ignore lint/suspicious/noExplicitAny: documents of many shapes, looked into by one test each
const tell = async (...words: readonly string[]): Promise<any> => JSON.parse(await say(...words, '--json'))
const asPerson = (...words: readonly string[]): Promise<Run> => run(words, `${PASSWORD}\n`)

beforeAll(async () => {
  const made = await run(
    ['admin', 'add-user', EMAIL, '--name', 'Grace', '--url', url, '--token', operatorToken],
    PASSWORD,
  )
  if (made.status !== 0) throw new Error(made.stderr)
  const login = await asPerson('login', '--url', url, '--email', EMAIL)
  if (login.status !== 0) throw new Error(login.stderr)
})
afterAll(() => rmSync(room, { recursive: true, force: true }))

describe('who asks', () => {
  it('is kept for this user alone, and named without the token', async () => {
    const path = join(room, '.config/distropack/config.json')
    expect(statSync(path).mode & 0o777).toBe(0o600)
    expect(await say('whoami')).toContain(`${EMAIL} on ${url}`)
    const shown = await say('config', 'show')
    expect(shown).toContain(`url: ${url}`)
    expect(shown).not.toContain(JSON.parse(readFileSync(path, 'utf8')).token)
  })

  it('hears what is wrong with a password, and where none was given', async () => {
    const wrong = await run(['org', 'create', 'others', '--email', EMAIL], 'another password\n')
    expect([wrong.status, wrong.stderr]).toEqual([3, expect.stringMatching(/^error: .*password/i)])
    const none = await run(['org', 'create', 'others'])
    expect([none.status, none.stderr]).toEqual([2, 'error: No password: write it on stdin.\n'])
  })
})

describe('an organization', () => {
  it('is made by a person, changed, and shown', async () => {
    expect((await asPerson('org', 'create', ORGANIZATION, '--default-access', 'private')).stdout).toContain('owner')
    await say('org', 'edit', '--org', ORGANIZATION, '--name', 'Words and more')
    expect(await tell('org', 'show', '--org', ORGANIZATION)).toMatchObject({ name: 'Words and more', role: 'admin' })
    expect(await say('org', 'list')).toContain(ORGANIZATION)
  })

  it('has members, and invitations that can be taken back', async () => {
    const { id } = await tell('member', 'invite', 'ada@example.net', '--org', ORGANIZATION, '--role', 'publisher')
    expect(await say('invitation', 'list', '--org', ORGANIZATION)).toContain(`${id}  ${ORGANIZATION}  ada@example.net`)
    await say('invitation', 'revoke', id, '--org', ORGANIZATION)
    expect(await say('invitation', 'list', '--org', ORGANIZATION)).toBe('No invitations.\n')
    expect(await say('member', 'list', '--org', ORGANIZATION)).toContain(`owner  ${EMAIL}`)
    const unknown = await run(['member', 'remove', 'nobody@example.net', '--org', ORGANIZATION, '--yes'])
    expect([unknown.status, unknown.stderr]).toEqual([2, expect.stringContaining('nobody@example.net')])
  })
})

describe('a project', () => {
  it('is made, and named by the manifest from then on', async () => {
    writeFileSync(
      join(room, 'distropack.yaml'),
      [
        `project: ${PROJECT} # where it goes`,
        'name: tool',
        'arch: all',
        'version: 1.0.0',
        'maintainer: Grace <grace@example.net>',
        'description: A tool.',
        'contents:',
        '  - { src: tool.sh, dst: /usr/bin/tool, file_info: { mode: 0755 } }',
      ].join('\n'),
    )
    writeFileSync(join(room, 'tool.sh'), '#!/bin/sh\necho it works\n')
    expect(await tell('project', 'create', PROJECT, '--key', 'ed25519')).toMatchObject({ access: 'private' })
    await say('project', 'edit', '--public')
    expect(await tell('project', 'show')).toMatchObject({ project: 'tool', access: 'public', archivedAtMs: null })
    expect(await say('project', 'list')).toContain(PROJECT)
    const other = await run(['project', 'edit'])
    expect([other.status, other.stderr]).toEqual([2, expect.stringContaining('--private or --public')])
  })

  it('has publishers it trusts, webhooks, tokens', async () => {
    const publisher = await tell('publisher', 'add', 'github', 'grace/tool', '--workflow', 'release.yml')
    expect(await say('publisher', 'list')).toContain(publisher.id)
    await say('publisher', 'remove', publisher.id, '--yes')
    expect(await say('publisher', 'list')).toBe('No publishers.\n')
    const generic = await tell(
      'publisher',
      'add',
      'generic',
      '--issuer',
      'https://ci.example.net',
      '--claim',
      'sub=a:*',
    )
    expect(generic.claims).toEqual([{ kind: 'glob', claim: 'sub', pattern: 'a:*' }])

    const webhook = await tell('webhook', 'create', EMAIL, '--event', 'build.failed')
    expect(webhook).toMatchObject({ target: { kind: 'mail' }, enabled: true })
    expect(await tell('webhook', 'edit', webhook.id, '--off')).toMatchObject({ enabled: false })
    expect(await say('webhook', 'deliveries', webhook.id)).toBe('No deliveries.\n')
    await say('webhook', 'delete', webhook.id, '--yes')

    const token = await tell('token', 'create', 'ci', '--scope', 'publish', '--project', PROJECT, '--expires', '90')
    expect(token).toMatchObject({ project: 'tool', scopes: ['publish'] })
    const rotated = await tell('token', 'rotate', token.id, '--overlap', '0')
    expect(rotated.secret).not.toBe(token.secret)
    expect(await say('token', 'list')).toContain('publish  words/tool  until')
    await say('token', 'revoke', rotated.id, '--yes')
    expect((await run(['whoami', '--token', rotated.secret])).status).toBe(3)
    const unsure = await run(['token', 'revoke', 'tok_1'])
    expect([unsure.status, unsure.stderr]).toEqual([2, 'error: Nothing was done: say --yes.\n'])
    const own = await asPerson('token', 'create', 'mine', '--personal', '--scope', 'read')
    expect(own.stdout).toContain('its secret is shown this once')
  })
})

describe('what is published', () => {
  it('is checked, published, listed, shown, downloaded and inspected', async () => {
    expect(await say('validate', '--target', 'deb', 'apk')).toContain('tool_1.0.0_all.deb')
    const { build } = await tell('publish', '--target', 'deb', 'apk')
    expect(build.state).toBe('published')
    expect(await say('build', 'list')).toContain(`${build.id}  published  stable`)
    expect(await say('build', 'show', build.id)).toContain('deb/all  published')
    expect(await say('logs', build.id, '--follow', '--target', 'deb/all')).toContain(' deb/all ')
    expect(await say('packages')).toMatch(/tool_1\.0\.0_all\.deb +1\.0\.0 +20\d\d-/)
    expect(await say('package', 'show', 'tool@1.0.0')).toContain('sha256')
    await say('package', 'download', 'tool_1.0.0_all.deb', '--out', 'got')
    const inspected = await say('inspect', 'got/tool_1.0.0_all.deb', '--files')
    expect(inspected).toContain('tool 1.0.0 (deb, all): A tool.')
    expect(inspected).toContain('/usr/bin/tool')
    expect(await say('project', 'install')).toContain('apt')
    expect(await say('open', '--print')).toBe(`${url}/r/${PROJECT}\n`)
    expect(await say('audit')).toContain('artifact.published')
    await say('audit', '--out', 'audit.jsonl', '--action', 'project.created')
    expect(JSON.parse(readFileSync(join(room, 'audit.jsonl'), 'utf8'))).toMatchObject({ action: 'project.created' })
  })

  it('can be made of a manifest that the server keeps', async () => {
    mkdirSync(join(room, 'kept'), { recursive: true })
    const text = readFileSync(join(room, 'distropack.yaml'), 'utf8')
    writeFileSync(
      join(room, 'kept/m.yaml'),
      text.replace('src: tool.sh', 'src: "slot:program"').replace('name: tool', 'name: kept'),
    )
    await say('manifest', 'create', 'kept', '-f', 'kept/m.yaml', '--target', 'deb/all')
    expect(await say('manifest', 'show', 'kept')).toContain('slot program: nothing uploaded yet')
    await say('upload', 'tool.sh', '--package', 'kept', '--slot', 'program')
    expect(await say('manifest', 'uploads', 'kept')).toContain('tool.sh')
    expect(await say('manifest', 'build', 'kept', '--version', '2.0.0')).toContain('kept 2.0.0')
    const { uuid } = await tell('manifest', 'show', 'kept')
    await say('upload', '--package-id', uuid, '--ref-id', 'program', '--file', 'tool.sh')
    expect(await say('build', '--package-id', uuid, '--version', '2.0.1', '--target', 'deb')).toContain('finished')
    await say('manifest', 'edit', 'kept', '--channel', 'beta')
    await say('manifest', 'archive', 'kept')
    expect(await say('manifest', 'list')).toMatch(/^kept +revision \d+ +beta +deb\/all .*archived$/m)
    const lost = await run(['upload', 'tool.sh', '--package', 'kept'])
    expect([lost.status, lost.stderr]).toEqual([2, expect.stringContaining('--slot SLOT')])
  })

  it('is archived, taken up again, and moved', async () => {
    await say('project', 'archive')
    expect(await tell('project', 'show')).toMatchObject({ archivedAtMs: expect.any(Number) })
    await say('project', 'unarchive')
    const refused = await run(['project', 'transfer', 'nowhere', '--yes'])
    expect(refused.status).not.toBe(0)
    expect(refused.stderr).toMatch(/^error: /)
  })
})

describe('this machine', () => {
  it('is looked over, with the server, the token and the key', async () => {
    const { checks } = await tell('doctor')
    const says = Object.fromEntries(checks.map(({ what, state }: { what: string; state: string }) => [what, state]))
    expect(says).toMatchObject({ server: 'ok', token: 'ok', project: 'ok', key: 'ok' })
    const away = await run(['doctor', '--url', 'http://127.0.0.1:1', '--json'])
    expect([away.status, JSON.parse(away.stdout).ok]).toEqual([1, false])
  })

  it('forgets who asked, and the token with it', async () => {
    const path = join(room, '.config/distropack/config.json')
    const { token } = JSON.parse(readFileSync(path, 'utf8'))
    expect(await say('logout')).toContain('its token is revoked')
    expect(existsSync(path)).toBe(false)
    expect((await run(['whoami', '--url', url, '--token', token])).status).toBe(3)
  })
})
