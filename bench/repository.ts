// One more package into a repository of N: the publisher's own time, from finished package to flipped head, beside what
// reference tools take to do the same on this machine with the same packages.
import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { API_PREFIX, artifactSchema, buildSchema } from '@distropack/core/contract/api.ts'
import { uploadBlob } from '@distropack/core/contract/upload.ts'
import { pageOf } from '@distropack/core/contract/wire.ts'
import { ensureProject } from '../scripts/platform/seed.ts'
import { startTestPlatform, type TestPlatform } from '../test/support/platform.ts'
import { median, runMeasured } from './measure.ts'

/** Measured publishes per size; more would hide nothing that matters here. */
const REPEATS = 5
/** Builds under way at once while a repository is filled. */
const AT_ONCE = 24

export interface RepositoryRow {
  readonly tool: string
  readonly packages: number
  readonly seconds: number
}

interface Project {
  readonly platform: TestPlatform
  readonly token: string
  readonly url: string
  readonly program: { readonly sha256: string; readonly sizeBytes: number }
}

const PROGRAM = new TextEncoder().encode('#!/bin/sh\necho bench\n')

const openProject = async (platform: TestPlatform): Promise<Project> => {
  const token = await platform.organization('bench')
  await ensureProject({ url: platform.url, token }, 'bench', 'repository')
  const url = `${platform.url}${API_PREFIX}/projects/bench/repository`
  const program = { sha256: createHash('sha256').update(PROGRAM).digest('hex'), sizeBytes: PROGRAM.length }
  const sent = await uploadBlob({ blobsUrl: `${url}/blobs`, token, fetch }, program, (from, length) =>
    PROGRAM.subarray(from, from + length),
  )
  if (!sent.ok) throw new Error(sent.error.message)
  return { platform, token, url, program }
}

const manifestOf = (name: string): string => `name: ${name}
version: 1.0.0
arch: all
maintainer: Bench <bench@example.com>
description: One of many
contents: [{src: program, dst: /usr/bin/${name}, file_info: {mode: 0755}}]
targets: [deb/all]
`

const ask = async (project: Project, path: string, body?: unknown): Promise<unknown> => {
  const headers = { authorization: `Bearer ${project.token}`, 'content-type': 'application/json' }
  const init = body === undefined ? { headers } : { headers, method: 'POST', body: JSON.stringify(body) }
  const response = await fetch(project.url + path, init)
  if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`)
  return response.json()
}

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

/** Until readers can install it. */
const publish = async (project: Project, name: string): Promise<void> => {
  const source = { kind: 'file', path: 'program', mode: 0o755, mtimeSeconds: 1_700_000_000, ...project.program }
  let build = buildSchema.parse(await ask(project, '/builds', { manifest: manifestOf(name), sources: [source] }))
  for (; build.state === 'open'; build = buildSchema.parse(await ask(project, `/builds/${build.id}`))) await sleep(100)
  if (build.state !== 'published') throw new Error(`${name} ended as ${build.state}: ${JSON.stringify(build.jobs)}`)
}

const fillTo = async (project: Project, from: number, to: number): Promise<void> => {
  let next = from
  const work = async (): Promise<void> => {
    while (next < to) await publish(project, `bench-${next++}`)
  }
  await Promise.all(Array.from({ length: AT_ONCE }, work))
}

/** Times of the flips since a mark in the log, as the publisher reports them. */
const flipSeconds = (log: string): readonly number[] =>
  [...log.matchAll(/"event":"generation\.flipped".*?"tookMs":(\d+)/g)].map(([, ms]) => Number(ms) / 1000)

const measureOurs = async (project: Project, packages: number): Promise<number> => {
  const mark = project.platform.log().length
  for (let repeat = 0; repeat < REPEATS; repeat++) await publish(project, `bench-more-${packages}-${repeat}`)
  return median(flipSeconds(project.platform.log().slice(mark)))
}

const downloadPackages = async (project: Project, folder: string): Promise<readonly string[]> => {
  const files: string[] = []
  let cursor: string | null = ''
  while (cursor !== null) {
    const query = `?limit=200${cursor ? `&cursor=${encodeURIComponent(cursor)}` : ''}`
    const page: { items: { fileName: string; url: string }[]; nextCursor: string | null } = pageOf(
      artifactSchema,
    ).parse(await ask(project, `/artifacts${query}`))
    for (const { fileName, url } of page.items) {
      const file = join(folder, fileName)
      writeFileSync(file, Buffer.from(await (await fetch(url)).arrayBuffer()))
      files.push(file)
    }
    cursor = page.nextCursor
  }
  return files
}

const measureReprepro = async (folder: string, files: readonly string[]): Promise<number> => {
  const base = join(folder, 'reprepro')
  mkdirSync(join(base, 'conf'), { recursive: true })
  writeFileSync(join(base, 'conf/distributions'), 'Codename: stable\nComponents: main\nArchitectures: amd64 arm64\n')
  const include = (...some: readonly string[]): Promise<{ seconds: number }> =>
    runMeasured('reprepro', [
      '-b',
      base,
      '--section',
      'misc',
      '--priority',
      'optional',
      'includedeb',
      'stable',
      ...some,
    ])
  await include(...files.slice(REPEATS))
  const times: number[] = []
  for (const file of files.slice(0, REPEATS)) times.push((await include(file)).seconds)
  return median(times)
}

const measureFtparchive = async (folder: string): Promise<number> => {
  const script = 'apt-ftparchive packages pool > Packages && gzip -9nkf Packages && apt-ftparchive release . > Release'
  const times: number[] = []
  for (let repeat = 0; repeat < 3; repeat++) times.push((await runMeasured('sh', ['-c', script], folder)).seconds)
  return median(times)
}

const isInstalled = (command: string): Promise<boolean> =>
  runMeasured('sh', ['-c', `command -v ${command}`]).then(
    () => true,
    () => false,
  )

const measureReferences = async (project: Project, packages: number): Promise<readonly RepositoryRow[]> => {
  const folder = mkdtempSync(join(tmpdir(), 'distropack-bench-'))
  try {
    mkdirSync(join(folder, 'pool'))
    const files = await downloadPackages(project, join(folder, 'pool'))
    const rows: RepositoryRow[] = []
    if (await isInstalled('reprepro')) {
      rows.push({ tool: 'reprepro includedeb (unsigned)', packages, seconds: await measureReprepro(folder, files) })
    }
    if (await isInstalled('apt-ftparchive')) {
      rows.push({ tool: 'apt-ftparchive, all anew (unsigned)', packages, seconds: await measureFtparchive(folder) })
    }
    return rows
  } finally {
    rmSync(folder, { recursive: true })
  }
}

export const benchRepository = async (sizes: readonly number[]): Promise<readonly RepositoryRow[]> => {
  const platform = await startTestPlatform()
  const rows: RepositoryRow[] = []
  try {
    const project = await openProject(platform)
    let filled = 0
    for (const packages of sizes) {
      const startedAtMs = performance.now()
      await fillTo(project, filled, packages)
      console.error(`filled to ${packages} packages in ${((performance.now() - startedAtMs) / 1000).toFixed(0)} s`)
      filled = packages
      const seconds = await measureOurs(project, packages)
      rows.push({ tool: 'publisher: render, sign, store, flip', packages, seconds })
      rows.push(...(await measureReferences(project, packages)))
    }
    return rows
  } finally {
    await platform.stop()
  }
}
