// Small finished files to artifacts, many at once: what is known of them is asked in one question, each is signed by
// itself, and their entries, provenance and SBOMs are stored as two blobs for all, of which each artifact names its part.
import { createHash } from 'node:crypto'
import type { Fault } from '@distropack/core/fault.ts'
import type { Format } from '@distropack/core/format.ts'
import type { Content, Part } from '@distropack/core/model/content.ts'
import type { Entry } from '@distropack/core/model/entry.ts'
import { err, ok, type Result } from '@distropack/core/result.ts'
import type { RepositorySigner, SeekableFile } from '@distropack/core/tools.ts'
import type { Warning } from '@distropack/core/warning.ts'
import { and, eq, sql } from 'drizzle-orm'
import { anyTuple, chunksForJson, insertMany } from '../../db/many-rows.ts'
import { artifacts } from '../../db/schema.ts'
import { openSigner } from '../../signing/keyring.ts'
import { putBlobBytes, readBlobBytes } from '../../storage/blobs.ts'
import { simpleContent, storePart } from '../../storage/content.ts'
import { newId } from '../platform/ids.ts'
import type { Platform } from '../platform/platform.ts'
import { type ArtifactRow, sealToolsFor, versionDeleted, versionExists } from './artifacts.ts'

/** Of small files: what is read of them for a signature is in memory, six at a time. */
const AT_ONCE = 6

export interface FinishedSmallFile {
  readonly format: Format
  readonly entry: Entry
  /** Of the file as it came, and its size. */
  readonly sha256: string
  readonly sizeBytes: number
  readonly warnings: readonly Warning[]
  /** What is served beside it, once its last bytes are known. */
  readonly attest: (
    entry: Entry,
  ) => Promise<readonly { readonly suffix: string; readonly text: string; readonly mediaType: string }[]>
}

const keyOf = ({ format, name, version, arch }: Pick<Entry, 'format' | 'name' | 'version' | 'arch'>): string =>
  JSON.stringify([format, name, version, arch])

const findByIdentity = async (
  { db }: Platform,
  projectId: string,
  entries: readonly Entry[],
): Promise<ReadonlyMap<string, ArtifactRow>> => {
  const found = new Map<string, ArtifactRow>()
  const identities = entries.map(({ format, name, version, arch }) => [format, name, version, arch])
  for (const chunk of chunksForJson(identities)) {
    const same = sql`(${artifacts.format}, ${artifacts.name}, ${artifacts.version}, ${artifacts.arch}) in ${anyTuple(chunk)}`
    const rows = await db
      .select()
      .from(artifacts)
      .where(and(eq(artifacts.projectId, projectId), same))
    for (const row of rows) found.set(keyOf(row), row)
  }
  return found
}

const memoryFile = (bytes: Uint8Array): SeekableFile => ({
  sizeBytes: bytes.length,
  read: async (offset, lengthBytes) => bytes.subarray(offset, offset + lengthBytes),
  stream: async function* (offset = 0, lengthBytes = bytes.length - offset) {
    if (lengthBytes > 0) yield bytes.subarray(offset, offset + lengthBytes)
  },
})

interface SealedFile {
  readonly entry: Entry
  readonly content: Content
  readonly companions: Record<string, Content>
}

const sha256Of = (...pieces: readonly Uint8Array[]): string => {
  const hash = createHash('sha256')
  for (const bytes of pieces) hash.update(bytes)
  return hash.digest('hex')
}

const sealSmall = async (
  { bucket }: Platform,
  signer: RepositorySigner | undefined,
  { format, entry, sha256, sizeBytes }: FinishedSmallFile,
): Promise<Result<SealedFile, Fault>> => {
  if (!format.seal || !signer) {
    return ok({ entry, companions: {}, content: simpleContent(sha256, sizeBytes, format.mediaType) })
  }
  const bytes = await readBlobBytes(bucket, sha256)
  const sealed = await format.seal(memoryFile(bytes), entry, signer, sealToolsFor(sizeBytes))
  if (!sealed.ok) return sealed
  const parts: Part[] = []
  const pieces: Uint8Array[] = []
  for (const piece of sealed.value.pieces) {
    const isNew = 'bytes' in piece
    parts.push(isNew ? await storePart(bucket, piece.bytes) : { blob: sha256, ...piece })
    pieces.push(isNew ? piece.bytes : bytes.subarray(piece.offset, piece.offset + piece.sizeBytes))
  }
  const whole = pieces.reduce((sum, { length }) => sum + length, 0)
  const content = { sha256: sha256Of(...pieces), sizeBytes: whole, mediaType: format.mediaType, parts }
  const companions: Record<string, Content> = {}
  for (const { suffix, bytes: beside, mediaType } of sealed.value.companions) {
    const part = await storePart(bucket, beside)
    companions[suffix] = { sha256: sha256Of(beside), sizeBytes: beside.length, mediaType, parts: [part] }
  }
  return ok({ content, companions, entry: { ...sealed.value.entry, sizeBytes: whole, sha256: content.sha256 } })
}

/** Texts of many files as one blob; each knows its place. */
const openBundle = () => {
  const pieces: Uint8Array[] = []
  let sizeBytes = 0
  return {
    add: (text: string) => {
      const bytes = new TextEncoder().encode(text)
      const range = { offset: sizeBytes, sizeBytes: bytes.length }
      pieces.push(bytes)
      sizeBytes += bytes.length
      return { bytes, range }
    },
    store: async ({ bucket }: Platform): Promise<string> => (await putBlobBytes(bucket, Buffer.concat(pieces))).sha256,
  }
}

interface Prepared {
  readonly file: FinishedSmallFile
  readonly sealed: SealedFile
  readonly beside: Awaited<ReturnType<FinishedSmallFile['attest']>>
}

const rowsOf = async (
  platform: Platform,
  projectId: string,
  prepared: readonly Prepared[],
): Promise<readonly ArtifactRow[]> => {
  const entries = openBundle()
  const beside = openBundle()
  const placed = prepared.map(({ file, sealed, beside: said }) => ({
    ...{ file, sealed },
    entryRange: entries.add(`${JSON.stringify(sealed.entry)}\n`).range,
    said: said.map(({ suffix, text, mediaType }) => ({ suffix, mediaType, ...beside.add(text) })),
  }))
  const [entrySha256, besideSha256] = await Promise.all([entries.store(platform), beside.store(platform)])
  const nowMs = platform.nowMs()
  return placed.map(({ file, sealed, entryRange, said }): ArtifactRow => {
    const { format, name, version, arch, fileName, sizeBytes, sha256 } = sealed.entry
    const attested = said.map(({ suffix, mediaType, bytes, range }): [string, Content] => [
      suffix,
      { sha256: sha256Of(bytes), sizeBytes: bytes.length, mediaType, parts: [{ blob: besideSha256, ...range }] },
    ])
    return {
      id: newId('art', nowMs),
      projectId,
      ...{ format, name, version, arch, fileName, sizeBytes, sha256 },
      unsignedSha256: file.sha256,
      inputSha256: file.sha256,
      content: sealed.content,
      companions: { ...sealed.companions, ...Object.fromEntries(attested) },
      entrySha256,
      entryRange,
      createdAtMs: nowMs,
      warnings: file.warnings,
      deletedAtMs: null,
    }
  })
}

const settle = (row: ArtifactRow, file: FinishedSmallFile): Result<ArtifactRow, Fault> => {
  if (row.deletedAtMs !== null) return err(versionDeleted(file.entry))
  const isSame = row.unsignedSha256 === file.sha256 || row.inputSha256 === file.sha256
  if (isSame) return ok(row)
  return err(versionExists(file.entry, { of: 'file', published: row.unsignedSha256, given: file.sha256 }))
}

const prepareAll = async (
  platform: Platform,
  signer: RepositorySigner | undefined,
  files: readonly FinishedSmallFile[],
): Promise<ReadonlyMap<FinishedSmallFile, Result<Prepared, Fault>>> => {
  const done = new Map<FinishedSmallFile, Result<Prepared, Fault>>()
  const left = [...files]
  const lane = async (): Promise<void> => {
    for (let file = left.shift(); file; file = left.shift()) {
      const sealed = await sealSmall(platform, signer, file)
      const { attest } = file
      done.set(file, sealed.ok ? ok({ file, sealed: sealed.value, beside: await attest(sealed.value.entry) }) : sealed)
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, lane))
  return done
}

/** What signs these, if any of them is signed. */
const signerFor = async (platform: Platform, projectId: string, files: readonly FinishedSmallFile[]) => {
  if (!files.some(({ format }) => format.seal)) return undefined
  const vault = await platform.vault()
  if (!vault.ok) throw new Error(vault.error.message)
  const signer = await openSigner(platform.db, vault.value, projectId)
  if (!signer.ok) throw new Error(signer.error.message)
  return signer.value
}

/** Those that nobody has kept yet. Of two files of one version, and of two who keep the same, one is kept. */
const keepFresh = async (
  platform: Platform,
  projectId: string,
  fresh: readonly FinishedSmallFile[],
): Promise<readonly [FinishedSmallFile, Result<ArtifactRow, Fault>][]> => {
  const all = await prepareAll(platform, await signerFor(platform, projectId, fresh), fresh)
  const prepared = [...all.values()].flatMap((each) => (each.ok ? [each.value] : []))
  const [first, ...rest] = insertMany(platform.db, artifacts, await rowsOf(platform, projectId, prepared))
  if (first) await platform.db.batch([first, ...rest])
  const entries = prepared.map(({ file }) => file.entry)
  const kept = await findByIdentity(platform, projectId, entries)
  return [...all].map(([file, each]) => {
    if (!each.ok) return [file, each]
    const row = kept.get(keyOf(file.entry))
    if (!row) throw new Error(`${file.entry.fileName} was neither kept nor found`)
    return [file, settle(row, file)]
  })
}

/** Keeps each file as an artifact, or finds the one that is the same; other bytes under its name are refused. */
export const keepArtifacts = async (
  platform: Platform,
  projectId: string,
  files: readonly FinishedSmallFile[],
): Promise<ReadonlyMap<FinishedSmallFile, Result<ArtifactRow, Fault>>> => {
  const entries = files.map(({ entry }) => entry)
  const before = await findByIdentity(platform, projectId, entries)
  const known = files.flatMap((file): [FinishedSmallFile, Result<ArtifactRow, Fault>][] => {
    const row = before.get(keyOf(file.entry))
    return row ? [[file, settle(row, file)]] : []
  })
  const fresh = files.filter(({ entry }) => !before.has(keyOf(entry)))
  return new Map(fresh.length > 0 ? [...known, ...(await keepFresh(platform, projectId, fresh))] : known)
}
