// The smallest thing one can publish, straight over the API: one script, one version, chosen targets.
import { createHash } from 'node:crypto'
import { type Build, FINAL_JOB_STATES } from '@distropack/core/contract/api.ts'
import { sleep } from './start-process.ts'

export interface ApiAccess {
  readonly url: string
  readonly token: string
}

export const callApi = async (
  { url, token }: ApiAccess,
  method: string,
  path: string,
  body?: unknown,
): Promise<{ status: number; body: unknown }> => {
  const isBytes = body instanceof Uint8Array
  const response = await fetch(`${url}/api/v1${path}`, {
    method,
    headers: {
      authorization: `Bearer ${token}`,
      ...(isBytes || body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: isBytes ? (body as Uint8Array<ArrayBuffer>) : JSON.stringify(body) }),
  })
  return { status: response.status, body: await response.json() }
}

export interface SmallBuild {
  readonly project: string
  readonly name: string
  readonly version: string
  readonly targets: readonly string[]
  readonly channel?: string
  /** What the program prints; other text is another package. */
  readonly says?: string
  /** More lines of the manifest. */
  readonly extra?: readonly string[]
}

/** Uploads and asks for the build; the answer as it came. */
export const requestBuild = async (access: ApiAccess, small: SmallBuild) => {
  const { project, name, version, targets, channel = 'stable', says = version, extra = [] } = small
  const program = new TextEncoder().encode(`#!/bin/sh\necho "${name} ${says}"\n`)
  const sha256 = createHash('sha256').update(program).digest('hex')
  const stored = await callApi(access, 'PUT', `/projects/${project}/blobs/${sha256}`, program)
  if (stored.status !== 200) throw new Error(`upload answered ${stored.status} ${JSON.stringify(stored.body)}`)
  const manifest = [
    `name: ${name}`,
    'arch: amd64',
    `version: ${version}`,
    'maintainer: A Person <a@example.com>',
    'description: A program',
    `contents: [{src: ./program, dst: /usr/bin/${name}, file_info: {mode: 0755}}]`,
    'deb: {compression: gzip}',
    ...extra,
  ].join('\n')
  const source = {
    path: 'program',
    kind: 'file',
    mode: 0o755,
    mtimeSeconds: 1_700_000_000,
    sizeBytes: program.length,
    sha256,
  }
  return callApi(access, 'POST', `/projects/${project}/builds`, { manifest, targets, channel, sources: [source] })
}

const FIRST_POLL_MS = 100
const SLOWEST_POLL_MS = 1000

const isOver = ({ jobs }: Build): boolean => jobs.every(({ state }) => FINAL_JOB_STATES.includes(state))

/** Waits until every job of the build is final. */
export const awaitBuild = async (access: ApiAccess, build: Build): Promise<Build> => {
  const path = `/projects/${build.organization}/${build.project}/builds/${build.id}`
  for (let pollMs = FIRST_POLL_MS; ; pollMs = Math.min(pollMs * 1.5, SLOWEST_POLL_MS)) {
    const { body } = await callApi(access, 'GET', path)
    const now = body as Build
    if (isOver(now)) return now
    await sleep(pollMs)
  }
}

/** The same for as many as a project's list shows at once, asked for together: a hundred who ask build nothing. */
export const awaitBuilds = async (access: ApiAccess, project: string, builds: readonly Build[]): Promise<Build[]> => {
  for (;;) {
    const { body } = await callApi(access, 'GET', `/projects/${project}/builds?limit=100`)
    const now = new Map((body as { items: Build[] }).items.map((build) => [build.id, build]))
    const found = builds.flatMap(({ id }) => now.get(id) ?? [])
    if (found.length < builds.length) throw new Error(`${project} lists ${found.length} of ${builds.length} builds`)
    if (found.every(isOver)) return found
    await sleep(SLOWEST_POLL_MS / 2)
  }
}
