// The GitHub Action as GitHub runs it: the committed bundle, INPUT_… and files for outputs, an identity token of the run;
// against a whole platform, for which GitHub's issuer is one of the test's.
import { execFile } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import { Response } from 'miniflare'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { runCli } from '../../scripts/platform/seed.ts'
import { OWN_KEYS } from '../support/own-keys.ts'
import { startTestPlatform, type TestPlatform } from '../support/platform.ts'
import { callApi } from '../support/small-build.ts'

const ACTION = join(import.meta.dirname, '../../action/dist/index.mjs')
const ISSUER = 'https://token.actions.githubusercontent.com'
const CLAIMS = {
  sub: 'repo:acme/tool:ref:refs/tags/v1.0.0',
  repository: 'acme/tool',
  workflow_ref: 'acme/tool/.github/workflows/release.yml@refs/tags/v1.0.0',
  job_workflow_ref: 'acme/shared/.github/workflows/publish.yml@refs/heads/main',
  ref: 'refs/tags/v1.0.0',
}

const { publicKey, privateKey } = await generateKeyPair('RS256', { extractable: true })
const jwk = { ...(await exportJWK(publicKey)), kid: 'k', alg: 'RS256', use: 'sig' }

let platform: TestPlatform
let token: string
let runner: Server
let room: string

beforeAll(async () => {
  platform = await startTestPlatform(undefined, {}, {}, async ({ url }) => {
    if (url === `${ISSUER}/.well-known/openid-configuration`) {
      return Response.json({ issuer: ISSUER, jwks_uri: `${ISSUER}/keys` })
    }
    return url === `${ISSUER}/keys` ? Response.json({ keys: [jwk] }) : undefined
  })
  token = await platform.organization('acme')
  await callApi({ url: platform.url, token }, 'PUT', '/projects/acme/tool', OWN_KEYS)
  runner = createServer(async (request, response) => {
    const audience = new URL(request.url ?? '', 'http://runner').searchParams.get('audience') ?? ''
    const value = await new SignJWT({ ...CLAIMS, jti: crypto.randomUUID() })
      .setProtectedHeader({ alg: 'RS256', kid: 'k' })
      .setIssuer(ISSUER)
      .setAudience(audience)
      .setIssuedAt()
      .setExpirationTime('5m')
      .sign(privateKey)
    response.end(JSON.stringify(request.headers.authorization === 'Bearer of-the-runner' ? { value } : {}))
  })
  await new Promise<void>((ready) => runner.listen(0, '127.0.0.1', ready))
})
afterAll(async () => {
  runner.close()
  await platform.stop()
})

beforeEach(() => {
  room = mkdtempSync(join(tmpdir(), 'action-'))
  write('tool.sh', '#!/bin/sh\necho it works\n')
  write(
    'distropack.yaml',
    [
      'name: tool',
      'arch: all',
      'version: 1.0.0',
      'maintainer: Ada <ada@example.net>',
      'description: A tool.',
      'contents:',
      '  - { src: tool.sh, dst: /usr/bin/tool, file_info: { mode: 0755, mtime: 2026-01-01T00:00:00Z } }',
    ].join('\n'),
  )
  return () => rmSync(room, { recursive: true, force: true })
})

const write = (name: string, text: string): void => writeFileSync(join(room, name), text)

interface Run {
  readonly status: number
  readonly log: string
  readonly outputs: Readonly<Record<string, string>>
  readonly summary: string
  readonly state: Readonly<Record<string, string>>
}

/** `name<<delimiter`, lines, the delimiter: how a step's files carry values. */
const readValues = (name: string): Readonly<Record<string, string>> => {
  const text = existsSync(join(room, name)) ? readFileSync(join(room, name), 'utf8') : ''
  return Object.fromEntries(
    [...text.matchAll(/^([\w-]+)<<(\S+)\n([\s\S]*?)\n?\2$/gm)].map(([, key = '', , value = '']) => [key, value]),
  )
}

const FILES = { GITHUB_OUTPUT: 'output', GITHUB_STEP_SUMMARY: 'summary', GITHUB_STATE: 'state' }

const runAction = (
  inputs: Readonly<Record<string, string>>,
  env: Readonly<Record<string, string>> = {},
): Promise<Run> => {
  for (const name of Object.values(FILES)) write(name, '')
  const files = Object.entries(FILES).map(([variable, name]) => [variable, join(room, name)])
  const given = Object.entries(inputs).map(([name, value]) => [`INPUT_${name.toUpperCase()}`, value])
  const { port } = runner.address() as AddressInfo
  const options = {
    cwd: room,
    env: {
      PATH: process.env.PATH,
      HOME: room,
      ...Object.fromEntries([...files, ...given]),
      ACTIONS_ID_TOKEN_REQUEST_URL: `http://127.0.0.1:${port}/token?api-version=2`,
      ACTIONS_ID_TOKEN_REQUEST_TOKEN: 'of-the-runner',
      ...env,
    },
  }
  return new Promise((done) => {
    execFile(process.execPath, [ACTION], options, (error, stdout, stderr) => {
      done({
        status: error ? Number(error.code) : 0,
        log: `${stdout}${stderr}`,
        outputs: readValues('output'),
        summary: readFileSync(join(room, 'summary'), 'utf8'),
        state: readValues('state'),
      })
    })
  })
}

/** GitHub runs the file again when the job is over, with what it saved. */
const endJob = ({ state }: Run): Promise<Run> =>
  runAction({}, Object.fromEntries(Object.entries(state).map(([name, value]) => [`STATE_${name}`, value])))

const whoami = (secret: string) => callApi({ url: platform.url, token: secret }, 'GET', '/whoami')
const inputs = () => ({ url: platform.url, project: 'acme/tool', targets: 'deb/all apk/all' })

describe('a run that nobody trusts', () => {
  it('hears what it said, where to look, and the line that would trust it; then it is trusted', async () => {
    const refused = await runAction(inputs())
    expect(refused.status).toBe(1)
    expect(refused.log).toContain('job_workflow_ref=acme/shared/.github/workflows/publish.yml@refs/heads/main')
    expect(refused.log).toContain('distropack publisher list --project acme/tool')
    const [, line = ''] = /To trust runs like this one: distropack (.*)$/m.exec(refused.log) ?? []
    expect(line).toContain('publisher add github acme/tool --workflow release.yml')
    const words = line.split(' ').map((word) => word.replaceAll("'", ''))
    expect((await runCli(words, { url: platform.url, token })).status).toBe(0)
    expect((await runAction(inputs())).status).toBe(0)
  })

  it('may bring a token instead, which is hidden in the log and not revoked', async () => {
    const done = await runAction({ ...inputs(), token }, { ACTIONS_ID_TOKEN_REQUEST_URL: '' })
    expect(done.status).toBe(0)
    expect(done.log).toContain(`::add-mask::${token}`)
    await endJob(done)
    expect((await whoami(token)).status).toBe(200)
  })
})

describe('a run that is trusted', () => {
  it('publishes, says where, and gives its token back', async () => {
    const done = await runAction({ ...inputs(), version: '1.1.0' })
    expect(done).toMatchObject({
      status: 0,
      outputs: { version: '1.1.0', 'install-page': `${platform.url}/r/acme/tool` },
    })
    const artifacts = JSON.parse(done.outputs.artifacts ?? '')
    expect(artifacts.map(({ target }: { target: string }) => target).sort()).toEqual(['apk/all', 'deb/all'])
    expect((await fetch(artifacts[0].url)).status).toBe(200)
    expect((await fetch(JSON.parse(done.outputs.provenance ?? '')[0])).status).toBe(200)
    expect(Number(done.outputs.generation)).toBeGreaterThan(0)
    expect(done.summary).toContain('tool_1.1.0_all.deb')
    expect(done.summary).toContain('apt')
    expect(done.log).toContain(`::add-mask::${done.state.token}`)
    expect((await whoami(done.state.token ?? '')).status).toBe(200)
    expect((await endJob(done)).log).toContain('is revoked')
    expect((await whoami(done.state.token ?? '')).status).toBe(401)
  })

  it('again is told that all is there; with other bytes, of both digests', async () => {
    const first = await runAction({ ...inputs(), version: '1.2.0' })
    const again = await runAction({ ...inputs(), version: '1.2.0' })
    expect([again.status, again.outputs.generation]).toEqual([0, first.outputs.generation])
    expect(again.log).toMatch(/^::notice::acme\/tool has all of this already/m)
    write('tool.sh', '#!/bin/sh\necho something else\n')
    const other = await runAction({ ...inputs(), version: '1.2.0' })
    expect(other.status).toBe(1)
    expect(other.log).toMatch(/^::error::.*1\.2\.0.* is already published.* [0-9a-f]{64} there and [0-9a-f]{64} here/m)
  })

  it('is shown the line of the manifest that is wrong', async () => {
    write('distropack.yaml', readFileSync(join(room, 'distropack.yaml'), 'utf8').replace('tool.sh', 'nothing.sh'))
    const wrong = await runAction(inputs())
    expect(wrong.status).toBe(1)
    expect(wrong.log).toMatch(/^::error file=distropack\.yaml,line=7,col=\d+::/m)
    const typo = await runAction({ ...inputs(), wait: 'perhaps' })
    expect(typo.log).toContain('::error::The input wait is "perhaps"; write true or false.')
  })

  it('publishes finished packages by their patterns', async () => {
    const out = await runCli(
      ['build', '--target', 'deb', '--version', '2.0.0', '--out', 'dist'],
      { url: '', token: '' },
      room,
    )
    expect(out.status).toBe(0)
    const done = await runAction({ url: platform.url, project: 'acme/tool', files: 'dist/*.deb\n' })
    expect(done).toMatchObject({ status: 0, outputs: { version: '2.0.0' } })
    const none = await runAction({ url: platform.url, project: 'acme/tool', files: 'dist/*.rpm' })
    expect([none.status, none.log]).toEqual([1, expect.stringContaining('names dist/*.rpm, and there is no such file')])
  })

  it('of a matrix uploads into slots, and one job makes one generation of them; the first action’s words do, too', async () => {
    const manifest = readFileSync(join(room, 'distropack.yaml'), 'utf8').replace('src: tool.sh', 'src: "slot:program"')
    const kept = await callApi({ url: platform.url, token }, 'POST', '/projects/acme/tool/packages', {
      package: 'kept',
      manifest: manifest.replace('name: tool', 'name: kept'),
      targets: ['deb/all', 'apk/all'],
    })
    const into = { url: platform.url, project: 'acme/tool', package: 'kept' }
    const uploaded = await runAction({ ...into, files: '{"program": "tool.sh"}', build: 'false' })
    expect([uploaded.status, uploaded.outputs]).toEqual([0, {}])
    const built = await runAction({ ...into, version: '3.0.0' })
    expect(built).toMatchObject({ status: 0, outputs: { version: '3.0.0' } })
    const first = await runAction({
      'api-url': platform.url,
      'api-token': token,
      'package-id': (kept.body as { uuid: string }).uuid,
      version: '3.1.0',
      files: '{"program": "tool.sh"}',
      target: 'deb',
      'cli-version': 'latest',
    })
    expect(first.log).toContain('finished')
    expect(first.status).toBe(0)
  })
})
