// Indexes that hold one version of a name (pacman's databases, files/…/latest): what comes, what goes, and what takes
// its place; and packages for any architecture, which must be beside every database that names them.
import { execFileSync } from 'node:child_process'
import type { Build } from '@distropack/core/contract/api.ts'
import { beforeAll, expect, it } from 'vitest'
import { OWN_KEYS } from '../support/own-keys.ts'
import type { UsedPlatform } from '../support/platform.ts'
import { requirePrograms } from '../support/required-programs.ts'
import { sharedPlatform } from '../support/shared-platform.ts'
import { type ApiAccess, awaitBuild, callApi, requestBuild } from '../support/small-build.ts'
import { sleep } from '../support/start-process.ts'

let platform: UsedPlatform
let access: ApiAccess
beforeAll(async () => {
  requirePrograms('bsdtar')
  platform = sharedPlatform()
  access = { url: platform.url, token: await platform.organization('single') }
  await callApi(access, 'PUT', '/projects/single/tool', OWN_KEYS)
})

type Small = Parameters<typeof requestBuild>[1]

const publish = async (small: Omit<Small, 'project'>): Promise<Build> => {
  const { status, body } = await requestBuild(access, { project: 'single/tool', ...small })
  if (status !== 201) throw new Error(`build answered ${status} ${JSON.stringify(body)}`)
  const build = await awaitBuild(access, body as Build)
  expect(build.state).toBe('published')
  return build
}

const read = async (path: string): Promise<Buffer> => {
  const answer = await fetch(`${platform.url}/r/single/tool/${path}`)
  return answer.ok ? Buffer.from(await answer.arrayBuffer()) : Buffer.from(`status ${answer.status}`)
}

/** Folders of a database: `tool-1.0.0-1`. */
const offered = async (arch: string): Promise<string[]> => {
  const input = await read(`arch/stable/${arch}/single-tool.db`)
  const listed = execFileSync('bsdtar', ['-tf', '-'], { input, encoding: 'utf8' })
  return [...listed.matchAll(/^([^/]+)\/desc$/gm)].map(([, name]) => name!).sort()
}

const until = async (arch: string, wanted: readonly string[]): Promise<void> => {
  for (let tries = 0; tries < 100 && String(await offered(arch)) !== String(wanted); tries++) await sleep(100)
  expect(await offered(arch)).toEqual(wanted)
}

const TARGETS = ['arch/amd64', 'tar.gz/amd64']
const LATEST = 'files/stable/latest/tool-linux-amd64.tar.gz'

it('a yanked version gives its place to the one before; a deleted one’s addresses are gone', async () => {
  await publish({ name: 'tool', version: '1.0.0', targets: TARGETS })
  const first = await read(LATEST)
  const { jobs } = await publish({ name: 'tool', version: '2.0.0', targets: TARGETS })
  expect(await offered('x86_64')).toEqual(['tool-2.0.0-1'])
  expect((await read(LATEST)).equals(first)).toBe(false)

  const artifacts = jobs.map(({ artifact }) => artifact!)
  for (const { id } of artifacts) await callApi(access, 'POST', `/projects/single/tool/artifacts/${id}/yank`, {})
  await until('x86_64', ['tool-1.0.0-1'])
  for (let tries = 0; tries < 100 && !(await read(LATEST)).equals(first); tries++) await sleep(100)
  expect((await read(LATEST)).equals(first)).toBe(true)

  const package_ = artifacts.find(({ url }) => url.includes('.pkg.tar'))!
  await callApi(access, 'POST', `/projects/single/tool/artifacts/${package_.id}/unyank`, {})
  await until('x86_64', ['tool-2.0.0-1'])
  expect((await fetch(`${package_.url}.sig`)).status).toBe(200)
  await callApi(access, 'DELETE', `/projects/single/tool/artifacts/${package_.id}`)
  await until('x86_64', ['tool-1.0.0-1'])
  for (let tries = 0; tries < 100 && (await fetch(`${package_.url}.sig`)).status !== 404; tries++) await sleep(100)
  expect([(await fetch(package_.url)).status, (await fetch(`${package_.url}.sig`)).status]).toEqual([404, 404])
})

it('a package for any architecture is beside every database, also one that begins later', async () => {
  await publish({ name: 'data', version: '1.0.0', targets: ['arch/all'] })
  const file = 'data-1.0.0-1-any.pkg.tar.zst'
  const whole = await read(`arch/stable/any/${file}`)
  expect(whole.length).toBeGreaterThan(500)
  expect(await offered('riscv64')).toEqual(['data-1.0.0-1'])
  await publish({ name: 'tool', version: '3.0.0', targets: ['arch/amd64'], extra: ['archlinux: {arch: x86_64_v3}'] })
  expect(await offered('x86_64_v3')).toEqual(['data-1.0.0-1', 'tool-3.0.0-1'])
  for (const arch of ['x86_64', 'riscv64', 'x86_64_v3']) {
    expect((await read(`arch/stable/${arch}/${file}`)).equals(whole), arch).toBe(true)
    expect((await read(`arch/stable/${arch}/${file}.sig`)).length, arch).toBeGreaterThan(200)
  }
})
