// Puts the repository's signature over a package's header. Lead and signature header are written anew; header and
// payload stay as they are. The header holds the payload's digest, so rpm 4.14 and later need no signature over both
// (lib/rpmvs.cc: a payload digest from a signed header counts as one).
import { concatBytes } from '../../bytes/arrays.ts'
import { toBase64 } from '../../bytes/hex.ts'
import { catchStreamFaults } from '../../bytes/stream-fault.ts'
import { type Fault, fault } from '../../fault.ts'
import type { Sealed } from '../../format.ts'
import { err, ok, type Result } from '../../result.ts'
import type { InspectTools, PackageSigner, SeekableFile } from '../../tools.ts'
import { digestOf } from './digest.ts'
import type { RpmEntry } from './entry.ts'
import { strings, type TagValue, TYPE, text } from './header.ts'
import type { Header } from './header-read.ts'
import { LEAD_BYTES } from './lead.ts'
import { readPackageHeaders } from './package-read.ts'
import { renderSignatureHeader, signatureTagFor } from './signature.ts'
import { SIGNATURE_TAG, TAG } from './tags.ts'

/** Signatures of keys this repository's readers do not have, and room kept for them. */
const DROPPED: ReadonlySet<number> = new Set([
  SIGNATURE_TAG.dsa,
  SIGNATURE_TAG.rsa,
  SIGNATURE_TAG.openpgp,
  SIGNATURE_TAG.pgp,
  SIGNATURE_TAG.gpg,
  SIGNATURE_TAG.pgp5,
  SIGNATURE_TAG.reservedSpace,
])

const NAMES = {
  [TYPE.int16]: 'int16',
  [TYPE.int32]: 'int32',
  [TYPE.int64]: 'int64',
} as const

/** What stays of the old signature header: sizes, the old digests, signatures of single files. */
const keptTags = (signature: Header): Map<number, TagValue> => {
  const kept = new Map<number, TagValue>()
  for (const [tag, raw] of signature.tags) {
    if (DROPPED.has(tag)) continue
    const name = NAMES[raw.type as keyof typeof NAMES]
    if (name) kept.set(tag, { type: name, values: signature.numbers(tag) })
    else if (raw.type === TYPE.string) kept.set(tag, text(signature.string(tag) ?? ''))
    else if (raw.type === TYPE.strings) kept.set(tag, strings(signature.strings(tag)))
    else if (raw.type === TYPE.bytes) kept.set(tag, { type: 'bytes', bytes: signature.binary(tag)! })
  }
  return kept
}

/**
 * Packages of rpm 6's own format have one tag for signatures of every kind, in base64; rpm 4.18 reads the package and
 * not that tag, so the same signature stands under the old one too. One key's, always: rpm 6.1 refuses a package when it
 * knows only one of two signers.
 */
const signatureTagsOf = (main: Header, packet: Uint8Array): readonly (readonly [number, TagValue])[] => {
  const old = [signatureTagFor(packet), { type: 'bytes', bytes: packet }] as const
  const isNewFormat = (main.number(TAG.rpmFormat) ?? 4) >= 6
  return isNewFormat ? [[SIGNATURE_TAG.openpgp, strings([toBase64(packet)])], old] : [old]
}

export const sealRpm = (
  file: SeekableFile,
  entry: RpmEntry,
  signer: PackageSigner,
  tools: InspectTools,
): Promise<Result<Sealed<RpmEntry>, Fault>> =>
  catchStreamFaults(async () => {
    const { openpgp } = signer
    if (!openpgp) {
      return err(fault('internal', 'An rpm package is signed with an OpenPGP key, and this repository has none.'))
    }
    const { signature, main, headerStart, headerEnd } = await readPackageHeaders(file, tools.budget)
    const tags = keptTags(signature)
    tags.set(SIGNATURE_TAG.sha256, text(digestOf('sha256', main.bytes, tools)))
    const packet = await openpgp.detachSign(main.bytes, 'binary')
    for (const [tag, value] of signatureTagsOf(main, packet)) tags.set(tag, value)
    const front = concatBytes([await file.read(0, LEAD_BYTES), renderSignatureHeader(tags)])
    const moved = front.length - headerStart
    return ok({
      pieces: [{ bytes: front }, { offset: headerStart, sizeBytes: file.sizeBytes - headerStart }],
      entry: { ...entry, headerStart: front.length, headerEnd: headerEnd + moved },
      companions: [],
    })
  })
