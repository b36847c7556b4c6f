// Writes an .rpm: lead, signature header, header, compressed payload. The payload comes first in time, for the header
// holds its digest and those of every file; it waits in a spool.

import { createBudget, packageLimits } from '../../budget.ts'
import { measuredSink } from '../../bytes/hashed.ts'
import { catchStreamFaults } from '../../bytes/stream-fault.ts'
import { type Fault, fault } from '../../fault.ts'
import type { PackageSpec } from '../../model/spec.ts'
import { err, ok, type Result } from '../../result.ts'
import type { BuildTools, ByteSink, Spool } from '../../tools.ts'
import type { RpmBlock } from './block.ts'
import { checkSpec, parseBlock } from './check.ts'
import { compressionOf } from './compression.ts'
import { entryOf, type RpmEntry } from './entry.ts'
import { filesOf, fileTags, installedBytes, MAX_INT32, type RpmFile } from './files.ts'
import { int32, renderHeader, strings, type TagValue, text } from './header.ts'
import { parseHeader } from './header-read.ts'
import { renderLead } from './lead.ts'
import { metadataTags } from './metadata.ts'
import { rpmRelease, rpmVersion } from './names.ts'
import { MAIN_LIMITS, MAX_HEADER_BYTES } from './package-read.ts'
import { type Payload, packPayload } from './payload.ts'
import { renderSignatureHeader, signatureTagFor, signatureTags } from './signature.ts'
import { DIGEST_ALGORITHM, TAG } from './tags.ts'

interface PackedPayload {
  readonly payload: Payload
  readonly spool: Spool
  /** Lower-case hex of the sha256 as compressed. */
  readonly sha256: string
}

const packIntoSpool = async (files: readonly RpmFile[], block: RpmBlock, tools: BuildTools): Promise<PackedPayload> => {
  const { codec, level } = compressionOf(block.compression)
  const spool = await tools.spool()
  const { payload, source } = packPayload(files, tools)
  const compressed = codec === 'none' ? source : tools.compress(codec, source, level)
  const out = measuredSink(spool, tools)
  for await (const chunk of compressed) await out.write(chunk)
  return { payload, spool, sha256: out.finish().sha256 }
}

const payloadTags = (packed: PackedPayload, block: RpmBlock): readonly (readonly [number, TagValue])[] => {
  const { word, level } = compressionOf(block.compression)
  return [
    [TAG.payloadFormat, text('cpio')],
    ...(word ? ([[TAG.payloadCompressor, text(word)]] as const) : []),
    [TAG.payloadFlags, text(String(level))],
    [TAG.payloadDigest, strings([packed.sha256])],
    [TAG.payloadDigestAlgorithm, int32(DIGEST_ALGORITHM.sha256)],
    [TAG.payloadDigestAlt, strings([packed.payload.sha256])],
  ]
}

const sizeTag = (files: readonly RpmFile[]): readonly [number, TagValue] => {
  const sizeBytes = installedBytes(files)
  return sizeBytes > MAX_INT32
    ? [TAG.longSize, { type: 'int64', values: [sizeBytes] }]
    : [TAG.size, { type: 'int32', values: [sizeBytes] }]
}

const signatureHeader = async (header: Uint8Array, packed: PackedPayload, block: RpmBlock, tools: BuildTools) => {
  const { payload, spool } = packed
  const md5 = tools.hash('md5')
  md5.update(header)
  for await (const chunk of spool.read()) md5.update(chunk)
  const digests = {
    md5: md5.digest(),
    sha1: tools.digest('sha1', header),
    sha256: tools.digest('sha256', header),
  }
  const sizes = { headerBytes: header.length, payloadBytes: spool.sizeBytes, archiveBytes: payload.sizeBytes }
  const tags = new Map(signatureTags(digests, sizes))
  if (block.signature && tools.signer?.openpgp) {
    const packet = await tools.signer.openpgp.detachSign(header, 'binary')
    tags.set(signatureTagFor(packet), { type: 'bytes', bytes: packet })
  }
  return renderSignatureHeader(tags)
}

const writePackage = async (parts: readonly Uint8Array[], payload: Spool, sink: ByteSink, tools: BuildTools) => {
  const out = measuredSink(sink, tools)
  for (const part of parts) await out.write(part)
  for await (const chunk of payload.read()) await out.write(chunk)
  return out.finish()
}

export const buildRpm = (spec: PackageSpec, sink: ByteSink, tools: BuildTools): Promise<Result<RpmEntry, Fault>> =>
  catchStreamFaults(async () => {
    const [firstFault] = checkSpec(spec)
    if (firstFault) return err(firstFault)
    const block = parseBlock(spec)
    if (!block.ok) return block
    const files = filesOf(spec.items)
    const metadata = metadataTags(spec, block.value, files)
    if (!metadata.ok) return err(metadata.error[0]!)

    const packed = await packIntoSpool(files, block.value, tools)
    const { payload, spool } = packed
    const tags = [
      ...metadata.value,
      ...fileTags(files, payload.facts),
      sizeTag(files),
      ...payloadTags(packed, block.value),
    ]
    const header = renderHeader(TAG.headerImmutable, new Map(tags))
    if (header.length > MAX_HEADER_BYTES) {
      return err(fault('body_too_large', 'The names of all files need more than 32 MiB of header. Split the package.'))
    }
    const lead = renderLead(`${spec.name}-${rpmVersion(spec.version)}-${rpmRelease(spec.version)}`)
    const signature = await signatureHeader(header, packed, block.value, tools)
    const measured = await writePackage([lead, signature, header], spool, sink, tools)

    const budget = createBudget(packageLimits(Number.POSITIVE_INFINITY))
    const headerStart = lead.length + signature.length
    const place = { headerStart, headerEnd: headerStart + header.length, archiveSizeBytes: payload.sizeBytes }
    const entry = entryOf(parseHeader(header, MAIN_LIMITS, budget), place, budget)
    return entry.ok ? ok({ ...entry.value, ...measured }) : entry
  })
