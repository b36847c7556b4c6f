// Publishing as a busy team does it: many at once, the same again, other bytes under the same version, two channels.
import { gunzipSync } from 'node:zlib'
import type { Build } from '@distropack/core/contract/api.ts'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { OWN_KEYS } from '../support/own-keys.ts'
import { startTestPlatform, type TestPlatform } from '../support/platform.ts'
import {
  type ApiAccess,
  awaitBuild,
  awaitBuilds,
  callApi,
  requestBuild,
  type SmallBuild,
} from '../support/small-build.ts'

let platform: TestPlatform
let access: ApiAccess
beforeAll(async () => {
  platform = await startTestPlatform()
  access = { url: platform.url, token: await platform.organization('acme') }
  for (const project of ['burst', 'grown', 'tool']) await callApi(access, 'PUT', `/projects/acme/${project}`, OWN_KEYS)
})
afterAll(() => platform.stop())

const read = async (path: string): Promise<Response> => fetch(`${platform.url}/r/acme/${path}`)

const begin = async (small: SmallBuild): Promise<Build> => {
  const { status, body } = await requestBuild(access, small)
  if (status !== 201) throw new Error(`build answered ${status} ${JSON.stringify(body)}`)
  return body as Build
}

const publish = async (small: SmallBuild): Promise<Build> => awaitBuild(access, await begin(small))

const versionsOf = (packages: string): string[] =>
  [...packages.matchAll(/^Version: (.*)$/gm)].map(([, version]) => version ?? '')

it('shows a page at its root, and the API’s reference', async () => {
  const home = await fetch(platform.url)
  expect([home.status, await home.text()]).toEqual([200, expect.stringContaining('DistroPack is running')])
  expect((await fetch(`${platform.url}/api/docs`)).status).toBe(200)
})

it('sends readers straight to the file server: the web Worker, which marks each answer it has had, never sees them', async () => {
  expect((await fetch(`${platform.url}/api/docs`)).headers.get('x-request-id')).not.toBeNull()
  const answer = await read('tool/index.json')
  await answer.body?.cancel()
  expect([answer.status, answer.headers.get('x-request-id')]).toEqual([200, null])
})

it('pitfalls 01, 02 and 05: fifty publishes at once end with fifty packages in the index', async () => {
  const versions = Array.from({ length: 50 }, (_, i) => `1.0.${i}`)
  const targets = ['deb/amd64', 'apk/amd64']
  const begun = await Promise.all(
    versions.map((version) => begin({ project: 'acme/burst', name: 'burst', version, targets })),
  )
  const builds = await awaitBuilds(access, 'acme/burst', begun)
  expect(builds.map(({ state }) => state)).toEqual(versions.map(() => 'published'))
  const packages = await (await read('burst/apt/dists/stable/main/binary-amd64/Packages')).text()
  expect(versionsOf(packages).sort()).toEqual([...versions].sort())
  const index = gunzipSync(Buffer.from(await (await read('burst/alpine/stable/x86_64/APKINDEX.tar.gz')).arrayBuffer()))
  expect([...index.toString('latin1').matchAll(/^V:(.*)$/gm)]).toHaveLength(50)
  const [, gz] = await Promise.all([
    read('burst/apt/dists/stable/main/binary-amd64/Packages'),
    read('burst/apt/dists/stable/main/binary-amd64/Packages.gz'),
  ])
  expect(gunzipSync(Buffer.from(await gz.arrayBuffer())).toString()).toBe(packages)
})

it('a build appears whole: no generation shows one target of it without the other', async () => {
  const { body } = await callApi(access, 'GET', '/projects/acme/burst/builds?limit=100')
  const { items } = body as { items: Build[] }
  expect(items).toHaveLength(50)
  for (const { jobs } of items) expect(new Set(jobs.map(({ generation }) => generation)).size).toBe(1)
})

it('bursts fold: fifty publishes took far fewer than fifty generations', async () => {
  const { body } = await callApi(access, 'GET', '/projects/acme/burst')
  expect((body as { generation: number }).generation).toBeLessThan(40)
})

it('every generation stays reachable, as it was', async () => {
  const { body } = await callApi(access, 'GET', '/projects/acme/burst')
  const { generation } = body as { generation: number }
  const counts: number[] = []
  for (let n = 1; n <= generation; n++) {
    const packages = await (await read(`burst/@${n}/apt/dists/stable/main/binary-amd64/Packages`)).text()
    counts.push(versionsOf(packages).length)
  }
  expect(counts[0]).toBe(0)
  expect(counts.at(-1)).toBe(50)
  expect(counts).toEqual([...counts].sort((a, b) => a - b))
  expect((await read(`burst/@${generation + 1}/apt/dists/stable/Release`)).status).toBe(404)
})

it('the same package again is the same package, and pitfall 07: other bytes under its version are refused', async () => {
  const small = { project: 'acme/tool', name: 'tool', version: '1.0.0', targets: ['deb/amd64', 'apk/amd64'] }
  const first = await publish(small)
  const again = await publish(small)
  expect(again.jobs.map(({ artifact }) => artifact?.sha256)).toEqual(first.jobs.map(({ artifact }) => artifact?.sha256))
  const other = await requestBuild(access, { ...small, says: 'something else' })
  expect(other).toMatchObject({ status: 409, body: { error: { code: 'version_exists' } } })
  const packages = await (await read('tool/apt/dists/stable/main/binary-amd64/Packages')).text()
  expect(versionsOf(packages)).toEqual(['1.0.0'])
})

it('a published version takes a comment, another format’s words and another target, and no other contents', async () => {
  const small = { project: 'acme/grown', name: 'grown', version: '1.0.0', targets: ['deb/amd64'] }
  const first = await publish(small)
  const extra = ['# What nobody builds from.', 'rpm: {group: Tools}', 'targets: [deb/amd64, rpm/amd64]']
  const grown = await publish({ ...small, extra, targets: ['deb/amd64', 'rpm/amd64'] })
  expect(grown.jobs.map(({ state }) => state)).toEqual(['published', 'published'])
  expect(grown.jobs[0]?.artifact?.sha256).toBe(first.jobs[0]?.artifact?.sha256)
  const changed = await requestBuild(access, { ...small, extra: ['section: admin'] })
  expect(changed).toMatchObject({ status: 409, body: { error: { code: 'version_exists' } } })
})

it('a deleted version says that it was deleted', async () => {
  const small = { project: 'acme/grown', name: 'gone', version: '1.0.0', targets: ['deb/amd64'] }
  const { jobs } = await publish(small)
  await callApi(access, 'DELETE', `/projects/acme/grown/artifacts/${jobs[0]?.artifact?.id}`)
  const again = await requestBuild(access, small)
  expect(again).toMatchObject({
    status: 409,
    body: { error: { message: expect.stringContaining('published and deleted') } },
  })
})

it('every index made anew from the database is what it was, and readers see no step of it', async () => {
  const names = ['apt/dists/stable/main/binary-amd64/Packages', 'alpine/stable/x86_64/APKINDEX.tar.gz']
  const sorted = (text: string): string[] => text.split('\n\n').sort()
  const before = await (await read(`burst/${names[0]}`)).text()
  const { generation } = (await callApi(access, 'GET', '/projects/acme/burst')).body as { generation: number }
  const operator = { url: platform.url, token: platform.operatorToken }
  expect((await callApi(operator, 'POST', '/operator/projects/acme/burst/reindex')).status).toBe(202)
  for (;;) {
    expect(sorted(await (await read(`burst/${names[0]}`)).text())).toEqual(sorted(before))
    const now = (await callApi(access, 'GET', '/projects/acme/burst')).body as { generation: number }
    if (now.generation > generation) break
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  expect(sorted(await (await read(`burst/${names[0]}`)).text())).toEqual(sorted(before))
  const index = gunzipSync(Buffer.from(await (await read(`burst/${names[1]}`)).arrayBuffer()))
  expect([...index.toString('latin1').matchAll(/^V:(.*)$/gm)]).toHaveLength(50)
})

it('a channel offers only what was published to it', async () => {
  await publish({ project: 'acme/tool', name: 'tool', version: '2.0.0', targets: ['deb/amd64'], channel: 'beta' })
  const beta = await (await read('tool/apt/dists/beta/main/binary-amd64/Packages')).text()
  const stable = await (await read('tool/apt/dists/stable/main/binary-amd64/Packages')).text()
  expect([versionsOf(beta), versionsOf(stable)]).toEqual([['2.0.0'], ['1.0.0']])
})

it('promotion: what one channel has, another offers without building it again', async () => {
  const promoted = await publish({ project: 'acme/tool', name: 'tool', version: '2.0.0', targets: ['deb/amd64'] })
  expect(promoted.jobs[0]).toMatchObject({ state: 'published', attempts: 0 })
  const stable = await (await read('tool/apt/dists/stable/main/binary-amd64/Packages')).text()
  expect(versionsOf(stable)).toEqual(['1.0.0', '2.0.0'])
})

it('a job’s log says what was done, and to nobody of another organization', async () => {
  const build = await publish({ project: 'acme/tool', name: 'tool', version: '3.0.0', targets: ['deb/amd64'] })
  const path = `/projects/acme/tool/builds/${build.id}/jobs/${build.jobs[0]?.id}/log`
  const { body } = await callApi(access, 'GET', path)
  expect((body as { lines: unknown[] }).lines.length).toBeGreaterThan(0)
  const stranger = { url: platform.url, token: await platform.organization('rival') }
  expect((await callApi(stranger, 'GET', path)).status).toBe(404)
})

it('a packager killed in the middle is started again and the builds are finished', async () => {
  const versions = Array.from({ length: 8 }, (_, i) => `4.0.${i}`)
  const running = Promise.all(
    versions.map((version) => publish({ project: 'acme/tool', name: 'tool', version, targets: ['deb/amd64'] })),
  )
  const pid = platform.packagerPid()
  if (pid) process.kill(pid, 'SIGKILL')
  expect((await running).map(({ state }) => state)).toEqual(versions.map(() => 'published'))
})
