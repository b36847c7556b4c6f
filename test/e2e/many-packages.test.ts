// A migration: hundreds of packages of others' making, pushed by one command, read by few orders, shown by one generation;
// run again, it sends what is missing and no more.
import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseFileName } from '@distropack/core/registry.ts'
import { unheard } from '@distropack/core/warning.ts'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { buildPackage } from '../../containers/packager/host/build-package.ts'
import { debOf } from '../support/deb-by-hand.ts'
import { randomSpec } from '../support/generate.ts'
import { OWN_KEYS } from '../support/own-keys.ts'
import { sharedPlatform } from '../support/shared-platform.ts'
import { callApi } from '../support/small-build.ts'

/** More than a generation took before, and than one order reads. */
const COUNT = 520
const folder = mkdtempSync(join(tmpdir(), 'distropack-many-'))
const platform = sharedPlatform()
let token = ''

const controlOf = (n: number): string =>
  `Package: many-${n}\nVersion: 1.0\nArchitecture: amd64\nMaintainer: T <t@example.com>\nDescription: one of many\n`

const fileOf = (n: number): string => `many-${n}_1.0_amd64.deb`

beforeAll(async () => {
  token = await platform.organization('migrating')
  await callApi({ url: platform.url, token }, 'PUT', '/projects/migrating/all', OWN_KEYS)
  mkdirSync(join(folder, 'debs/deeper'), { recursive: true })
  for (let n = 0; n < COUNT; n++)
    writeFileSync(join(folder, n % 2 ? 'debs' : 'debs/deeper', fileOf(n)), debOf(controlOf(n)))
  writeFileSync(join(folder, 'debs/README.txt'), 'no package')
})
afterAll(() => rmSync(folder, { recursive: true }))

const push = (...args: readonly string[]) =>
  platform.cli(token, ['push', ...args, '--project', 'migrating/all', '--json'], folder)
const read = (path: string) => fetch(`${platform.url}/r/migrating/all/${path}`)
const generation = async (): Promise<number> =>
  ((await (await read('index.json')).json()) as { generation: number }).generation
const offered = async (): Promise<number> => {
  const text = await (await read('apt/dists/stable/main/binary-amd64/Packages')).text()
  return [...text.matchAll(/^Package: /gm)].length
}

it('shows a folder of packages in one generation, with progress for programs', async () => {
  const before = await generation()
  const { status, stdout, stderr } = await push('debs')
  expect([status, stderr.includes('"progress"')]).toEqual([0, true])
  expect(JSON.parse(stdout).build.counts).toMatchObject({ published: COUNT, failed: 0 })
  expect(await offered()).toBe(COUNT)
  expect(await generation()).toBe(before + 1)
})

it('serves each with its provenance and its bill of materials, which stand among those of others', async () => {
  const path = `apt/pool/main/m/many-7/${fileOf(7)}`
  const bytes = Buffer.from(await (await read(path)).arrayBuffer())
  expect(createHash('sha256').update(bytes).digest('hex')).toBe(
    createHash('sha256')
      .update(debOf(controlOf(7)))
      .digest('hex'),
  )
  const [line = ''] = (await (await read(`${path}.intoto.jsonl`)).text()).split('\n')
  const statement = JSON.parse(Buffer.from(JSON.parse(line).payload, 'base64').toString())
  expect(statement.subject).toEqual([
    { name: fileOf(7), digest: { sha256: createHash('sha256').update(bytes).digest('hex') } },
  ])
  expect(JSON.parse(await (await read(`${path}.cdx.json`)).text()).metadata.component.name).toBe('many-7')
})

it('run again with one more sends that one, and reads no other again', async () => {
  writeFileSync(join(folder, 'debs', fileOf(COUNT)), debOf(controlOf(COUNT)))
  const { status, stdout, stderr } = await push('debs')
  expect(status).toBe(0)
  expect(stderr).toContain(`${COUNT + 1} packages, 1 to send`)
  const { build } = JSON.parse(stdout)
  expect(build.counts.published).toBe(COUNT + 1)
  const fresh = build.jobs.filter(({ attempts }: { attempts: number }) => attempts > 0)
  expect(fresh.length).toBeLessThanOrEqual(1)
  expect(await offered()).toBe(COUNT + 1)
})

it('is refused before anything is sent when a version is there with other bytes', async () => {
  mkdirSync(join(folder, 'other'))
  writeFileSync(join(folder, 'other', fileOf(3)), debOf(`${controlOf(3)} and more\n`))
  writeFileSync(join(folder, 'other', 'fresh_1.0_amd64.deb'), debOf(controlOf(9999)))
  const { status, stdout, stderr } = await push('other')
  expect(status).not.toBe(0)
  expect(stdout).toContain(fileOf(3))
  expect(stderr).not.toContain('to send')
})

it('takes small packages of every format together, each signed as its client wants it', async () => {
  mkdirSync(join(folder, 'mixed'))
  for (const suffix of ['.rpm', '.apk', '.pkg.tar.zst', '.ipk', '.tar.gz']) {
    for (const name of ['mixed-one', 'mixed-two']) {
      const format = parseFileName(`x${suffix}`)
      if (!format.ok) throw new Error(suffix)
      const spec = { ...randomSpec(1), name, architecture: 'amd64', version: { version: '1.0' }, block: {} } as const
      const path = join(folder, 'mixed', format.value.fileName(spec))
      const built = await buildPackage({ format: format.value, spec, path, log: () => {}, warn: unheard })
      if (!built.ok) throw new Error(built.error.message)
    }
  }
  const { status, stdout, stderr } = await push('mixed')
  expect([status, stderr]).toEqual([0, expect.any(String)])
  const { build } = JSON.parse(stdout)
  expect(build.counts.published).toBe(10)
  for (const { artifact } of build.jobs) {
    const served = await fetch(artifact.url)
    const bytes = Buffer.from(await served.arrayBuffer())
    expect(createHash('sha256').update(bytes).digest('hex'), artifact.fileName).toBe(artifact.sha256)
    if (artifact.fileName.endsWith('.pkg.tar.zst')) expect((await fetch(`${artifact.url}.sig`)).status).toBe(200)
  }
})
