// Many real packages, built in this process. What fills a repository is pushed (repository.ts); the few whose publishing is
// measured are stored and announced where a finished job would do so, so that the publisher alone is at work.

import { createHash, randomBytes } from 'node:crypto'
import { mkdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { objectKey } from '@distropack/core/contract/object-keys.ts'
import type { Entry } from '@distropack/core/model/entry.ts'
import type { PackageSpec } from '@distropack/core/model/spec.ts'
import { findFormat } from '@distropack/core/registry.ts'
import type { PackageSigner } from '@distropack/core/tools.ts'
import { unheard } from '@distropack/core/warning.ts'
import { buildPackage } from '../containers/packager/host/build-package.ts'
import type { PlatformBindings } from '../scripts/platform/platform.ts'

const PROGRAM = new TextEncoder().encode('#!/bin/sh\necho bench\n')
/** D1 takes statements of 100 KB: rows of a kilobyte or two, by far. */
const ROWS_AT_ONCE = 20

const owned = { owner: 'root', group: 'root', mtimeSeconds: 1_700_000_000 }

/** xz takes 60 ms to begin, tens of thousands of times; how a package is packed is nothing to an index. */
const QUICK: Readonly<Record<string, object>> = { deb: { compression: 'gzip' } }

const specOf = (name: string, formatId: string): PackageSpec => ({
  name,
  architecture: 'amd64',
  platform: 'linux',
  version: { version: '1.0.0' },
  maintainer: 'Bench <bench@example.com>',
  description: `One of many: ${name}`,
  vendor: '',
  homepage: 'https://example.com/bench',
  licence: 'MIT',
  section: 'utils',
  priority: 'optional',
  relations: { depends: ['libc6 (>= 2.31)'], recommends: [], suggests: [], conflicts: [], replaces: [], provides: [] },
  items: [
    { ...owned, kind: 'implicit dir', path: '/usr', mode: 0o755 },
    { ...owned, kind: 'implicit dir', path: '/usr/bin', mode: 0o755 },
    {
      ...owned,
      kind: 'file',
      path: `/usr/bin/${name}`,
      mode: 0o755,
      source: {
        sizeBytes: PROGRAM.length,
        open: async function* () {
          yield PROGRAM
        },
      },
    },
  ],
  scripts: {},
  changelog: [],
  mtimeSeconds: 1_700_000_000,
  block: QUICK[formatId] ?? {},
})

/** Of the size of RSA-4096's signatures and as incompressible: what they cost an index, without the time to make them. */
const noise = async (): Promise<Uint8Array> => new Uint8Array(randomBytes(566))

const SIGNER: PackageSigner = {
  openpgp: {
    fingerprint: '0'.repeat(40),
    publicKeyArmored: '',
    publicKeyBinary: new Uint8Array(),
    clearSign: async (text) => text,
    detachSign: noise,
  },
  rsa: { keyName: 'bench.rsa.pub', publicKeyPem: '', sign: async () => new Uint8Array(randomBytes(512)) },
}

export interface BuiltFile {
  readonly entry: Entry
  readonly path: string
  readonly companions: readonly { readonly suffix: string; readonly bytes: Uint8Array }[]
}

/** Packages `bench-FROM` to `bench-(TO-1)`, as files in the folder. */
export const buildMany = async (folder: string, formatId: string, from: number, to: number): Promise<BuiltFile[]> => {
  const format = findFormat(formatId)
  if (!format) throw new Error(`no format ${formatId}`)
  mkdirSync(folder, { recursive: true })
  const built: BuiltFile[] = []
  for (let i = from; i < to; i++) {
    const spec = specOf(`bench-${i}`, formatId)
    const path = join(folder, format.fileName(spec))
    rmSync(path, { force: true })
    const result = await buildPackage({ format, spec, path, log: () => {}, warn: unheard, signer: SIGNER })
    if (!result.ok) throw new Error(result.error.message)
    built.push({ entry: result.value.entry, path, companions: result.value.companions })
  }
  return built
}

const sha256Of = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

const companionOf = (bytes: Uint8Array) => ({
  sha256: sha256Of(bytes),
  sizeBytes: bytes.length,
  mediaType: 'application/octet-stream',
  parts: [{ inline: Buffer.from(bytes).toString('base64'), sizeBytes: bytes.length }],
})

const quote = (value: unknown): string => {
  if (value === null || typeof value === 'number') return String(value)
  return `'${String(value).replaceAll("'", "''")}'`
}

/**
 * As `artifacts` and `publications` have them; see workers/web/db/schema.ts. Written out and not bound: to bind values is
 * a call that blocks this process, and workerd, which waits until somebody reads its log, would then wait for ever. The
 * publisher begins before the last of ten thousand rows is there.
 */
const announce = async (
  { db, bucket }: PlatformBindings,
  projectId: string,
  files: readonly BuiltFile[],
): Promise<void> => {
  const artifactRows: unknown[][] = []
  const offerRows: unknown[][] = []
  for (const { entry, path, companions } of files) {
    const format = findFormat(entry.format)
    const bytes = readFileSync(path)
    const entryBytes = new TextEncoder().encode(JSON.stringify(entry))
    const entrySha256 = sha256Of(entryBytes)
    await bucket.put(objectKey.blob(entry.sha256), bytes)
    await bucket.put(objectKey.blob(entrySha256), entryBytes)
    const { name, version, arch, fileName, sizeBytes, sha256 } = entry
    const parts = [{ blob: sha256, offset: 0, sizeBytes }]
    const content = JSON.stringify({ sha256, sizeBytes, mediaType: format?.mediaType, parts })
    const beside = companions.map(({ suffix, bytes: companion }) => [suffix, companionOf(companion)])
    const id = `art_bench_${entry.format}_${name}`
    const now = Date.now()
    artifactRows.push(
      [
        id,
        projectId,
        entry.format,
        name,
        version,
        arch,
        fileName,
        sizeBytes,
        sha256,
        sha256,
        sha256,
        content,
        JSON.stringify(Object.fromEntries(beside)),
      ].concat([entrySha256, now, null] as never[]),
    )
    offerRows.push([projectId, 'stable', id, 'pending', format?.repository.packagePath(entry, 'stable'), null, now])
  }
  const insert = async (table: string, columns: string, rows: readonly unknown[][]): Promise<void> => {
    for (let i = 0; i < rows.length; i += ROWS_AT_ONCE) {
      const some = rows.slice(i, i + ROWS_AT_ONCE).map((row) => `(${row.map(quote).join(',')})`)
      await db.exec(`INSERT INTO ${table} (${columns}) VALUES ${some.join(',')}`)
    }
  }
  await insert(
    'artifacts',
    'id,project_id,format,name,version,arch,file_name,size_bytes,sha256,unsigned_sha256,input_sha256,content,companions,entry_sha256,created_at_ms,deleted_at_ms',
    artifactRows,
  )
  await insert('publications', 'project_id,channel,artifact_id,state,path,generation,created_at_ms', offerRows)
}

export interface Publishing {
  readonly bindings: PlatformBindings
  readonly projectId: string
  /** Fires the schedule, which wakes publishers. */
  wake(): Promise<void>
  /** What readers are offered now. */
  generation(): Promise<number>
}

const POLL_MS = 50
const WAKE_MS = 1000

/** Until the next generation, asked over HTTP, as `announce` says. */
const awaitFlip = async ({ wake, generation }: Publishing): Promise<void> => {
  const before = await generation()
  for (;;) {
    await wake()
    for (let waitedMs = 0; waitedMs < WAKE_MS; waitedMs += POLL_MS) {
      if ((await generation()) > before) return
      await new Promise((resolve) => setTimeout(resolve, POLL_MS))
    }
  }
}

/** Resolves when readers are offered all of them. */
export const publishMany = async (publishing: Publishing, files: readonly BuiltFile[]): Promise<void> => {
  const { bindings, projectId } = publishing
  const before = Date.now() - 60_000
  // Made while nobody publishes; to ask it blocks nothing.
  const countPending = bindings.db
    .prepare("SELECT count(*) AS n FROM publications WHERE project_id = ? AND state = 'pending'")
    .bind(projectId)
  const isOffered = async (): Promise<boolean> => !(await countPending.first<{ n: number }>())?.n
  await isOffered()
  await announce(bindings, projectId, files)
  // The sweep wakes publishers for what has been pending for a while.
  await bindings.db.exec(`UPDATE publications SET created_at_ms = ${before} WHERE state = 'pending'`)
  while (!(await isOffered())) await awaitFlip(publishing)
}
