// The command line as a process of its own: an empty home, a small server that says what a test wants.
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach } from 'vitest'

/** What npm links; in a checkout it bundles itself anew when a source has changed. */
const PROGRAM = join(import.meta.dirname, '../../cli/bin/distropack.mjs')
export const TOKEN = 'a-secret-token'

export type Handler = (request: IncomingMessage, response: ServerResponse, body: string) => void

/** The home of the process; another one for each test. */
export let room: string
let server: Server | undefined

/** Call it once at the top of a file. */
export const useRoom = (): void => {
  beforeEach(() => {
    room = mkdtempSync(join(tmpdir(), 'cli-'))
  })
  afterEach(() => {
    server?.closeAllConnections()
    server?.close()
    server = undefined
    rmSync(room, { recursive: true, force: true })
  })
}

export const serve = async (handler: Handler): Promise<string> => {
  server = createServer(async (request, response) => {
    let body = ''
    for await (const chunk of request) body += chunk
    handler(request, response, body)
  })
  await new Promise<void>((ready) => server?.listen(0, '127.0.0.1', () => ready()))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

export const answer = (response: ServerResponse, status: number, value: unknown): void =>
  void response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value))
export const refuse = (response: ServerResponse, status: number, code: string, message: string): void =>
  answer(response, status, { error: { code, message, requestId: 'req_7' } })

interface Run {
  readonly status: number
  readonly stdout: string
  readonly stderr: string
}

const optionsOf = (env: Record<string, string>) => {
  // Compiled code is kept for the whole run, not for each room.
  const { PATH, NODE_COMPILE_CACHE } = process.env
  return { cwd: room, env: { PATH, NODE_COMPILE_CACHE, HOME: room, TMPDIR: room, ...env } }
}

export const run = (args: readonly string[], env: Record<string, string> = {}, input = ''): Promise<Run> =>
  new Promise((done) => {
    const child = execFile(process.execPath, [PROGRAM, ...args], optionsOf(env), (error, stdout, stderr) =>
      done({ status: error ? Number(error.code) : 0, stdout, stderr }),
    )
    child.stdin?.end(input)
  })

/** What a shell says of a pipe that begins with it. */
export const runPipe = (args: string, rest: string): Promise<string> =>
  new Promise((done) => {
    const line = `"${process.execPath}" "${PROGRAM}" ${args} | ${rest}`
    execFile('/bin/sh', ['-c', line], optionsOf({}), (_, stdout, stderr) => done(stdout + stderr))
  })

/** For tests that disturb it. */
export const start = (...args: readonly string[]): ChildProcess =>
  spawn(process.execPath, [PROGRAM, ...args], { ...optionsOf({}), stdio: 'ignore' })

export const write = (name: string, text: string, mode = 0o644): void => {
  mkdirSync(dirname(join(room, name)), { recursive: true })
  writeFileSync(join(room, name), text)
  chmodSync(join(room, name), mode)
}

export const MANIFEST = `name: tool
arch: amd64
version: 1.0.0
maintainer: Ada <ada@example.org>
contents: [{src: bin/tool, dst: /usr/bin/tool}]
`

export const writeProject = (): void => {
  write('nfpm.yaml', MANIFEST)
  write('bin/tool', '#!/bin/sh\n', 0o755)
}

export const WARNING = { code: 'line_ends_converted', message: 'post.sh had CRLF' }
export const JOB = {
  id: 'job_1',
  target: 'deb/amd64',
  attempts: 1,
  faults: [],
  warnings: [WARNING],
  artifact: null,
  generation: null,
}
export const BUILD = {
  id: 'bld_1',
  organization: 'acme',
  project: 'tool',
  channel: 'stable',
  createdAtMs: 1,
  state: 'open',
}

export const countsOf = (state: string) => ({
  ...{ waiting: 0, building: 0, built: 0, published: 0, failed: 0, dead: 0 },
  [state]: 1,
})

export const jobIn = (state: string) => ({
  ...JOB,
  state,
  faults: state === 'failed' ? [{ code: 'name_invalid', message: 'A name must be one.' }] : [],
  artifact: state === 'published' ? ARTIFACT : null,
})

/** A server whose build comes to the state it is told. */
export const platform = (state: string, requests: string[] = [], bodies: string[] = []): Handler => {
  const routes: Readonly<Record<string, (response: ServerResponse, body: string) => void>> = {
    'GET ': (response) => refuse(response, 404, 'not_found', 'No.'),
    'PUT ': (response) => answer(response, 201, PROJECT),
    'POST /blobs/missing': (response, body) =>
      answer(response, 200, { missing: JSON.parse(body).blobs.map(({ sha256 }: { sha256: string }) => sha256) }),
    'PUT /blobs/SHA': (response) => answer(response, 201, {}),
    'GET /install?channel=stable': (response) => answer(response, 200, { channel: 'stable', instructions: [INSTALL] }),
    'POST /builds': (response, body) => {
      bodies.push(body)
      answer(response, 201, { ...BUILD, counts: countsOf('waiting'), jobs: [jobIn('waiting')] })
    },
    'GET /builds/bld_1': (response) =>
      answer(response, 200, { ...BUILD, counts: countsOf(state), jobs: [jobIn(state)] }),
  }
  return (request, response, body) => {
    const path = (request.url ?? '').replace('/api/v1/projects/acme/tool', '').replace(/[0-9a-f]{64}/, 'SHA')
    const route = `${request.method} ${path}`
    requests.push(route)
    const handler = routes[route]
    if (handler) handler(response, body)
    else response.writeHead(500).end(`no route ${route}`)
  }
}
export const PROJECT = {
  id: 'repo_1',
  organization: 'acme',
  project: 'tool',
  repositoryUrl: 'https://host.test/r/acme/tool',
  generation: 0,
  openpgpFingerprint: 'F',
  rsaKeyName: 'k',
  access: 'public',
  archivedAtMs: null,
  createdAtMs: 1,
}
export const ARTIFACT = {
  id: 'art_1',
  fileName: 'tool_1.0.0_amd64.deb',
  name: 'tool',
  version: '1.0.0',
  arch: 'amd64',
  sizeBytes: 1,
  sha256: 'a'.repeat(64),
  url: 'https://host.test/tool.deb',
}
export const INSTALL = { format: 'deb', title: 'Debian', commands: ['apt install tool'] }
