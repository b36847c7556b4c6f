// From a finished file to an artifact: the repository's signature goes in, the recipe and the entry are kept, and
// one version stays one file for ever.

import { createHash } from 'node:crypto'
import { createBudget, packageLimits } from '@distropack/core/budget.ts'
import type { BlobRef } from '@distropack/core/contract/wire.ts'
import { type Fault, fault } from '@distropack/core/fault.ts'
import type { Format, Sealed } from '@distropack/core/format.ts'
import type { Content, Part } from '@distropack/core/model/content.ts'
import type { Entry } from '@distropack/core/model/entry.ts'
import { err, ok, type Result } from '@distropack/core/result.ts'
import type { InspectTools } from '@distropack/core/tools.ts'
import { unheard, type Warning } from '@distropack/core/warning.ts'
import { and, eq, inArray, isNull, sql } from 'drizzle-orm'
import { chunksForStatement } from '../../db/client.ts'
import { insertWhen } from '../../db/insert-when.ts'
import { newestFirst, type Page, type PageQuery, readPage } from '../../db/page.ts'
import { artifacts, publications } from '../../db/schema.ts'
import { openSigner } from '../../signing/keyring.ts'
import { openBlobFile } from '../../storage/blobs.ts'
import { hashParts, simpleContent, storePart } from '../../storage/content.ts'
import { newId } from '../platform/ids.ts'
import type { Platform } from '../platform/platform.ts'
import { writeEntry } from './entries.ts'

export type ArtifactRow = typeof artifacts.$inferSelect

/** Sealing reads headers only; payloads are never decompressed in a Worker. */
export const sealToolsFor = (sizeBytes: number): InspectTools => ({
  budget: createBudget(packageLimits(sizeBytes)),
  hash: (name) => {
    const hash = createHash(name)
    return { update: (bytes) => void hash.update(bytes), digest: () => new Uint8Array(hash.digest()) }
  },
  decompress: () => {
    throw new Error('sealing a package must not need its payload')
  },
  warn: unheard,
})

const assemble = async (
  { bucket }: Platform,
  sealed: Sealed<Entry>,
  unsigned: BlobRef,
  mediaType: string,
): Promise<{ content: Content; companions: Record<string, Content> }> => {
  const parts: Part[] = []
  for (const piece of sealed.pieces) {
    parts.push('bytes' in piece ? await storePart(bucket, piece.bytes) : { blob: unsigned.sha256, ...piece })
  }
  const sizeBytes = parts.reduce((sum, part) => sum + part.sizeBytes, 0)
  const companions: Record<string, Content> = {}
  for (const { suffix, bytes, mediaType: companionType } of sealed.companions) {
    const companionParts = [await storePart(bucket, bytes)]
    const sha256 = await hashParts(bucket, companionParts)
    companions[suffix] = { sha256, sizeBytes: bytes.length, mediaType: companionType, parts: companionParts }
  }
  return { content: { sizeBytes, sha256: await hashParts(bucket, parts), mediaType, parts }, companions }
}

export interface FinishedFile {
  readonly projectId: string
  readonly format: Format
  readonly unsigned: BlobRef
  readonly entry: Entry
  readonly inputSha256: string
  readonly warnings: readonly Warning[]
  /** What is served beside it to say where it comes from, once its last bytes are known. */
  readonly attest: (entry: Entry) => Promise<Readonly<Record<string, Content>>>
}

const seal = async (
  platform: Platform,
  { projectId, format, unsigned, entry }: FinishedFile,
): Promise<Result<{ content: Content; companions: Record<string, Content>; entry: Entry }, Fault>> => {
  if (!format.seal) {
    return ok({ content: simpleContent(unsigned.sha256, unsigned.sizeBytes, format.mediaType), companions: {}, entry })
  }
  const vault = await platform.vault()
  if (!vault.ok) return vault
  const signer = await openSigner(platform.db, vault.value, projectId)
  if (!signer.ok) return signer
  const sealed = await format.seal(
    openBlobFile(platform.bucket, unsigned),
    entry,
    signer.value,
    sealToolsFor(unsigned.sizeBytes),
  )
  if (!sealed.ok) return sealed
  const assembled = await assemble(platform, sealed.value, unsigned, format.mediaType)
  const { sizeBytes, sha256 } = assembled.content
  return ok({ ...assembled, entry: { ...sealed.value.entry, sizeBytes, sha256 } })
}

const findByIdentity = async ({ db }: Platform, projectId: string, entry: Entry): Promise<ArtifactRow | undefined> => {
  const identity = and(
    eq(artifacts.projectId, projectId),
    eq(artifacts.format, entry.format),
    eq(artifacts.name, entry.name),
    eq(artifacts.version, entry.version),
    eq(artifacts.arch, entry.arch),
  )
  return (await db.select().from(artifacts).where(identity))[0]
}

/** The digests that differ: of the file before it was signed, or of all that it is made of. */
interface Differing {
  readonly of: 'file' | 'inputs'
  readonly published: string
  readonly given: string
}

export const versionExists = (
  entry: Pick<Entry, 'format' | 'name' | 'version' | 'arch'>,
  { of, published, given }: Differing,
): Fault =>
  fault(
    'version_exists',
    `${entry.name} ${entry.version} (${entry.format}, ${entry.arch}) is already published with other bytes: sha256 of its ` +
      `${of === 'file' ? 'unsigned file' : 'inputs'} is ${published} there and ${given} here. ` +
      'Readers may have it, so it stays as it is: publish a higher version or release.',
  )

export const versionDeleted = (entry: Pick<Entry, 'format' | 'name' | 'version' | 'arch'>): Fault =>
  fault(
    'version_exists',
    `${entry.name} ${entry.version} (${entry.format}, ${entry.arch}) was published and deleted. Readers may have it, so ` +
      'its version stays taken: publish a higher version or release.',
  )

/** Keeps the file as an artifact, or finds the one that is the same; other bytes under its name are refused. */
export const keepArtifact = async (platform: Platform, file: FinishedFile): Promise<Result<ArtifactRow, Fault>> => {
  const settle = (row: ArtifactRow): Result<ArtifactRow, Fault> => {
    if (row.deletedAtMs !== null) return err(versionDeleted(file.entry))
    const isSame = row.unsignedSha256 === file.unsigned.sha256 || row.inputSha256 === file.inputSha256
    if (isSame) return ok(row)
    const given = file.unsigned.sha256
    return err(versionExists(file.entry, { of: 'file', published: row.unsignedSha256, given }))
  }
  const existing = await findByIdentity(platform, file.projectId, file.entry)
  if (existing) return settle(existing)
  const sealed = await seal(platform, file)
  if (!sealed.ok) return sealed
  const { content, companions, entry } = sealed.value
  const { format, name, version, arch, fileName, sizeBytes, sha256 } = entry
  const row: ArtifactRow = {
    id: newId('art', platform.nowMs()),
    projectId: file.projectId,
    ...{ format, name, version, arch, fileName, sizeBytes, sha256 },
    unsignedSha256: file.unsigned.sha256,
    inputSha256: file.inputSha256,
    content,
    companions: { ...companions, ...(await file.attest(entry)) },
    ...(await writeEntry(platform.bucket, entry)),
    createdAtMs: platform.nowMs(),
    warnings: file.warnings,
    deletedAtMs: null,
  }
  const [kept] = await platform.db.insert(artifacts).values(row).onConflictDoNothing().returning()
  if (kept) return ok(kept)
  const winner = await findByIdentity(platform, file.projectId, entry)
  if (!winner) throw new Error(`artifact ${row.id} was neither kept nor found`)
  return settle(winner)
}

export interface Offer {
  readonly projectId: string
  readonly channel: string
  readonly artifactId: string
  readonly path: string
}

/** Tells the publisher's table that a channel offers the artifact; `path` is where it will be served. Not one that is deleted. */
export const offering = ({ db, nowMs }: Platform, offer: Offer) =>
  insertWhen(
    db,
    publications,
    { ...offer, state: 'pending', generation: null, createdAtMs: nowMs() },
    sql`exists (select 1 from ${artifacts} where ${artifacts.id} = ${offer.artifactId} and ${artifacts.deletedAtMs} is null)`,
  ).onConflictDoNothing()

/** What a person took back is not offered again because a machine published it again. */
export const mayOffer = async (
  { db }: Platform,
  { artifactId, channel }: Pick<Offer, 'artifactId' | 'channel'>,
): Promise<Result<{ readonly isOffered: boolean }, Fault>> => {
  const same = and(eq(publications.artifactId, artifactId), eq(publications.channel, channel))
  const [row] = await db.select({ state: publications.state }).from(publications).where(same)
  if (row?.state !== 'withdrawing' && row?.state !== 'withdrawn') return ok({ isOffered: row !== undefined })
  return err(fault('conflict', `This version was yanked from "${channel}". Unyank it, or publish a higher one.`))
}

export const offerInChannel = async (platform: Platform, offer: Offer): Promise<Result<void, Fault>> => {
  await offering(platform, offer)
  const may = await mayOffer(platform, offer)
  if (!may.ok) return may
  return may.value.isOffered
    ? ok(undefined)
    : err(fault('conflict', 'This version was deleted while it was being published. Publish a higher one.'))
}

export type PublicationRow = typeof publications.$inferSelect

/** Artifacts of a project with the channels that offer them, newest first. */
export const listArtifacts = async (
  { db }: Platform,
  projectId: string,
  page: PageQuery,
): Promise<Page<{ artifact: ArtifactRow; offers: PublicationRow[] }>> => {
  const { rows: shown, nextCursor } = await readPage(
    page,
    newestFirst(artifacts.id),
    ({ beyond, order, limit }) =>
      db
        .select()
        .from(artifacts)
        .where(and(eq(artifacts.projectId, projectId), isNull(artifacts.deletedAtMs), beyond))
        .orderBy(order)
        .limit(limit),
    ({ id }) => id,
  )
  const offers: PublicationRow[] = []
  for (const ids of chunksForStatement(
    shown.map(({ id }) => id),
    1,
  )) {
    offers.push(...(await db.select().from(publications).where(inArray(publications.artifactId, ids))))
  }
  const items = shown.map((artifact) => ({
    artifact,
    offers: offers.filter(({ artifactId }) => artifactId === artifact.id),
  }))
  return { items, nextCursor }
}
