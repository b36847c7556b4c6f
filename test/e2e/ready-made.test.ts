// Packages of others' making: pushed, refused when damaged, signed, offered, yanked, deleted.
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Build } from '@distropack/core/contract/api.ts'
import type { Artifact } from '@distropack/core/contract/client.ts'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { debOf } from '../support/deb-by-hand.ts'
import { OWN_KEYS } from '../support/own-keys.ts'
import { startTestPlatform, type TestPlatform } from '../support/platform.ts'
import { stanzaOf } from '../support/relation-forms.ts'
import { requirePrograms } from '../support/required-programs.ts'
import { type ApiAccess, awaitBuild, callApi } from '../support/small-build.ts'
import { sleep } from '../support/start-process.ts'

let platform: TestPlatform
let access: ApiAccess
const folder = mkdtempSync(join(tmpdir(), 'distropack-ready-made-'))
beforeAll(async () => {
  requirePrograms('dpkg-deb')
  platform = await startTestPlatform()
  access = { url: platform.url, token: await platform.organization('acme') }
  await callApi(access, 'PUT', '/projects/acme/tool', OWN_KEYS)
})
afterAll(async () => {
  await platform.stop()
  rmSync(folder, { recursive: true })
})

/** A .deb by dpkg-deb itself, control part and all. */
const makeDeb = (version: string, compression: string): { fileName: string; bytes: Buffer } => {
  const root = join(folder, `${version}-${compression}`)
  mkdirSync(join(root, 'DEBIAN'), { recursive: true })
  mkdirSync(join(root, 'usr/bin'), { recursive: true })
  writeFileSync(join(root, 'usr/bin/theirs'), '#!/bin/sh\necho theirs\n', { mode: 0o755 })
  writeFileSync(
    join(root, 'DEBIAN/control'),
    `Package: theirs\nVersion: ${version}\nArchitecture: amd64\nMaintainer: T <t@example.com>\nDescription: theirs\n`,
  )
  const fileName = `theirs_${version}_amd64.deb`
  execFileSync('dpkg-deb', ['--root-owner-group', `-Z${compression}`, '-b', root, join(folder, fileName)])
  return { fileName, bytes: readFileSync(join(folder, fileName)) }
}

const push = async (...debs: readonly { fileName: string; bytes: Buffer }[]): Promise<Build> => {
  const files = debs.map(({ fileName, bytes }) => {
    const sha256 = createHash('sha256').update(bytes).digest('hex')
    return { fileName, sha256, sizeBytes: bytes.length, bytes: new Uint8Array(bytes) }
  })
  for (const { sha256, bytes } of files) await callApi(access, 'PUT', `/projects/acme/tool/blobs/${sha256}`, bytes)
  const { status, body } = await callApi(access, 'POST', '/projects/acme/tool/pushes', {
    files: files.map(({ bytes: _, ...file }) => file),
  })
  if (status !== 201) throw new Error(`push answered ${status} ${JSON.stringify(body)}`)
  return awaitBuild(access, body as Build)
}

const packages = async (): Promise<string> =>
  (await fetch(`${platform.url}/r/acme/tool/apt/dists/stable/main/binary-amd64/Packages`)).text()

const offeredSoon = async (version: string, isOffered: boolean): Promise<void> => {
  for (let i = 0; i < 100; i++) {
    if ((await packages()).includes(`Version: ${version}\n`) === isOffered) return
    await sleep(100)
  }
  throw new Error(`${version} is ${isOffered ? 'not ' : ''}offered`)
}

it.each(['gzip', 'xz', 'zstd', 'none'])('takes a package by dpkg-deb, %s, byte for byte', async (compression) => {
  const deb = makeDeb(`1.0-${compression}`, compression)
  const build = await push(deb)
  expect(build).toMatchObject({ state: 'published', jobs: [{ target: deb.fileName, state: 'published' }] })
  const served = await fetch(build.jobs[0]?.artifact?.url ?? '')
  expect(Buffer.from(await served.arrayBuffer()).equals(deb.bytes)).toBe(true)
  expect(await packages()).toContain(`Version: 1.0-${compression}\n`)
})

it('keeps what was repaired as a warning of the job and of the artifact, and refuses what apt could not read', async () => {
  const control = stanzaOf('Depends', 'Foo (>= 1),\r\n bar').replace('hostile', 'Windows').replace(/\r?\n/g, '\r\n')
  const repaired = await push({ fileName: 'windows_1.0_amd64.deb', bytes: Buffer.from(debOf(control)) })
  expect(repaired).toMatchObject({ state: 'published', jobs: [{ artifact: { name: 'windows' } }] })
  const codes = ['line_ends_converted', 'field_repaired']
  expect(repaired.jobs[0]?.warnings.map(({ code }) => code)).toEqual(codes)
  const { body } = await callApi(access, 'GET', '/projects/acme/tool/artifacts')
  const artifact = (body as { items: Artifact[] }).items.find(({ name }) => name === 'windows')
  expect(artifact?.warnings.map(({ code }) => code)).toEqual(codes)
  expect(await packages()).toContain('Package: windows\n')
  expect(await packages()).toContain('Depends: foo (>= 1), bar\n')
  const bad = debOf(stanzaOf('Recommends', 'libc6 >= 2.17').replace('hostile', 'bad'))
  const refused = await push({ fileName: 'bad_1.0_amd64.deb', bytes: Buffer.from(bad) })
  expect(refused).toMatchObject({
    state: 'failed',
    jobs: [
      { faults: [{ code: 'package_unsupported', message: expect.stringMatching(/Recommends .*"libc6 >= 2\.17"/) }] },
    ],
  })
})

it('is pushed, listed, yanked and offered again by the command line', async () => {
  const { fileName } = makeDeb('1.5', 'gzip')
  const project = ['--project', 'acme/tool']
  const run = async (...args: string[]) => {
    const { status, stdout, stderr } = await platform.cli(access.token, [...args, ...project], folder)
    expect([args[0], status, stderr]).toEqual([args[0], 0, expect.any(String)])
    return stdout
  }
  expect(await run('push', fileName)).toContain(`/pool/main/t/theirs/${fileName}`)
  const row = async () => (await run('packages')).split('\n').find((line) => line.includes(fileName))
  expect(await row()).toMatch(/ stable$/)
  expect(await run('yank', '1.5')).toBe(`yanked ${fileName}\n`)
  await offeredSoon('1.5', false)
  expect(await row()).toMatch(/ {2}-\s+\(yanked from stable\)$/)
  await run('unyank', fileName)
  await offeredSoon('1.5', true)
  await run('delete', 'theirs@1.5', '--yes')
  await offeredSoon('1.5', false)
  expect(await run('packages')).not.toContain(fileName)
})

const damage = (bytes: Buffer): Buffer => {
  const damaged = Buffer.from(bytes)
  damaged[damaged.length >> 1] = (damaged[damaged.length >> 1] ?? 0) ^ 0xff
  return damaged
}

it('refuses a damaged one with a sentence, and publishes nothing of it', async () => {
  const deb = makeDeb('2.0', 'gzip')
  const build = await push({ ...deb, bytes: damage(deb.bytes) })
  expect(build).toMatchObject({ state: 'failed', jobs: [{ faults: [{ code: 'package_corrupt' }] }] })
  expect(build.jobs[0]?.faults[0]?.message).toContain(deb.fileName)
  expect(await packages()).not.toContain('Version: 2.0\n')
})

it('publishes what is sound of several, however the others ended', async () => {
  const [broken, ...sound] = ['2.1', '2.2', '2.3'].map((version) => makeDeb(version, 'gzip'))
  const build = await push({ ...broken!, bytes: damage(broken!.bytes) }, ...sound)
  for (const version of ['2.2', '2.3']) await offeredSoon(version, true)
  expect(build.jobs.map(({ state }) => state)).toEqual(['failed', expect.anything(), expect.anything()])
  expect(await packages()).not.toContain('Version: 2.1\n')
})

it('refuses what is no package at once', async () => {
  const bytes = new TextEncoder().encode('text')
  const sha256 = createHash('sha256').update(bytes).digest('hex')
  await callApi(access, 'PUT', `/projects/acme/tool/blobs/${sha256}`, bytes)
  const files = [{ fileName: 'notes.txt', sha256, sizeBytes: bytes.length }]
  const answer = await callApi(access, 'POST', '/projects/acme/tool/pushes', { files })
  expect(answer).toMatchObject({ status: 422, body: { error: { code: 'package_unsupported' } } })
})

it('a yanked version leaves the index and keeps its address; unyanked, it is offered again', async () => {
  const build = await push(makeDeb('3.0', 'gzip'))
  const artifact = build.jobs[0]?.artifact
  const path = `/projects/acme/tool/artifacts/${artifact?.id}`
  expect((await callApi(access, 'POST', `${path}/yank`, {})).body).toMatchObject({
    channels: [],
    yankedFrom: ['stable'],
  })
  await offeredSoon('3.0', false)
  expect((await fetch(artifact?.url ?? '')).status).toBe(200)
  const elsewhere = await callApi(access, 'POST', `${path}/yank`, { channel: 'beta' })
  expect(elsewhere).toMatchObject({
    status: 404,
    body: { error: { message: expect.stringContaining('never offered') } },
  })
  await callApi(access, 'POST', `${path}/unyank`, {})
  await offeredSoon('3.0', true)
  expect(await packages()).toContain('Version: 1.0-xz\n')
})

it('a deleted version is gone from its address, and its name stays taken', async () => {
  const deb = makeDeb('4.0', 'gzip')
  const artifact = (await push(deb)).jobs[0]?.artifact
  expect((await callApi(access, 'DELETE', `/projects/acme/tool/artifacts/${artifact?.id}`)).status).toBe(200)
  await offeredSoon('4.0', false)
  for (let i = 0; i < 50 && (await fetch(artifact?.url ?? '', { method: 'HEAD' })).status !== 404; i++) await sleep(100)
  expect((await fetch(artifact?.url ?? '')).status).toBe(404)
  expect(await push(deb)).toMatchObject({ state: 'failed', jobs: [{ faults: [{ code: 'version_exists' }] }] })
})

it('an operator runs the instance from the command line, and a tenant does not', async () => {
  const admin = async (...words: readonly string[]) => {
    const { status, stdout } = await platform.cli(platform.operatorToken, ['admin', ...words, '--json'])
    return { status, said: JSON.parse(stdout) }
  }
  const organizations = await admin('organizations')
  expect(organizations.said.organizations).toMatchObject([{ organization: 'acme', projects: 1 }])
  expect((await admin('users')).said).toMatchObject({ ok: true, users: [] })
  expect((await admin('dead-letters')).said['dead letters']).toEqual([])
  expect((await admin('outbox')).said['stuck work']).toEqual([])
  await admin('read-only', 'on', '--reason', 'moving house')
  const refused = await callApi(access, 'POST', '/projects/acme/tool/pushes', { files: [] })
  expect([refused.status, JSON.stringify(refused.body)]).toEqual([503, expect.stringContaining('moving house')])
  expect((await fetch(`${platform.url}/r/acme/tool/key.asc`)).status).toBe(200)
  expect((await admin('read-only', 'off')).said).toMatchObject({ readOnly: false })
  expect((await admin('reindex', 'acme/tool')).status).toBe(0)
  expect((await admin('rotate-key')).said).toMatchObject({ resealed: 0, remaining: 0 })
  const tenant = await platform.cli(access.token, ['admin', 'users', '--json'])
  expect([tenant.status, JSON.parse(tenant.stdout).error.code]).toEqual([1, 'not_found'])
})
