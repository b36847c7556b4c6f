// Killed at any moment, started again: nothing that was accepted is lost, and no reader sees half of anything.
import { createHash } from 'node:crypto'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Build } from '@distropack/core/contract/api.ts'
import { afterAll, afterEach, expect, it } from 'vitest'
import { OWN_KEYS } from '../support/own-keys.ts'
import { type ApiAccess, awaitBuilds, callApi, requestBuild } from '../support/small-build.ts'
import { areGone, descendants, killAll, launch, readLocal, type Start, sleep } from '../support/start-process.ts'

const state = mkdtempSync(join(tmpdir(), 'distropack-crash-'))
afterEach(killAll)
afterAll(() => rmSync(state, { recursive: true }))

const ROUNDS = 4
const PER_ROUND = 6
const SUITE = 'demo/crash/apt/dists/stable'

/** Everything Release lists is there and is what Release says. */
const checkRelease = async (url: string): Promise<void> => {
  const release = await (await fetch(`${url}/r/${SUITE}/Release`)).text()
  const listed = [...release.matchAll(/^ ([0-9a-f]{64}) (\d+) (\S+)$/gm)]
  expect(listed.length).toBeGreaterThan(10)
  for (const [, sha256, size, path] of listed) {
    const folder = path?.slice(0, path.lastIndexOf('/'))
    const response = await fetch(`${url}/r/${SUITE}/${folder}/by-hash/SHA256/${sha256}`)
    const bytes = Buffer.from(await response.arrayBuffer())
    expect([path, bytes.length, createHash('sha256').update(bytes).digest('hex')]).toEqual([path, Number(size), sha256])
  }
}

const killHard = async (start: Start): Promise<void> => {
  const processes = descendants(start.child.pid)
  await start.end('SIGKILL')
  expect(await areGone(processes)).toBe(true)
}

it('every accepted build is published in the end, whenever the platform was killed', async () => {
  const accepted: Build[] = []
  for (let round = 0; round < ROUNDS; round++) {
    const start = await launch(state)
    await start.ready()
    const access: ApiAccess = readLocal(state)
    if (round === 0) await callApi(access, 'PUT', '/projects/demo/crash', OWN_KEYS)
    else await checkRelease(start.url)
    for (let i = 0; i < PER_ROUND; i++) {
      const version = `1.${round}.${i}`
      const answer = await requestBuild(access, {
        project: 'demo/crash',
        name: 'crash',
        version,
        targets: ['deb/amd64'],
      })
      expect(answer.status).toBe(201)
      accepted.push(answer.body as Build)
    }
    // Another moment each round: while queued, building, publishing, after the flip.
    await sleep([0, 60, 250, 1100][round] ?? 0)
    await killHard(start)
  }
  const start = await launch(state)
  await start.ready()
  const access: ApiAccess = readLocal(state)
  const builds = await awaitBuilds(access, 'demo/crash', accepted)
  expect(builds.map((build) => build.state)).toEqual(accepted.map(() => 'published'))
  await checkRelease(start.url)
  const packages = await (await fetch(`${start.url}/r/${SUITE}/main/binary-amd64/Packages`)).text()
  expect([...packages.matchAll(/^Version: /gm)]).toHaveLength(ROUNDS * PER_ROUND)
  // Of what the killed ones had begun nothing lies about: one folder is of the runtime that runs now.
  expect(readdirSync(join(state, 'work/packager'))).toEqual([])
  expect(readdirSync(join(state, 'work/runtime'))).toHaveLength(1)
})
