// Reads an .rpm, ours or a stranger's, and checks what rpm itself would before it unpacks a byte: limits, sizes,
// digests of header and payload. Then the payload is unpacked, for the programs in it.
import { utf8 } from '../../bytes/arrays.ts'
import { toHex } from '../../bytes/hex.ts'
import { catchStreamFaults, StreamFault } from '../../bytes/stream-fault.ts'
import type { Fault } from '../../fault.ts'
import { ok, type Result } from '../../result.ts'
import { checkFinishedScript } from '../../text/finished-scripts.ts'
import type { Hash, HashName, InspectTools, SeekableFile } from '../../tools.ts'
import { digestOf } from './digest.ts'
import { entryOf, type RpmEntry } from './entry.ts'
import type { Header } from './header-read.ts'
import { type PackageHeaders, readPackageHeaders } from './package-read.ts'
import { lookAtPrograms } from './programs.ts'
import { DIGEST_ALGORITHM, SIGNATURE_TAG, TAG } from './tags.ts'

const mismatch = (what: string): StreamFault =>
  new StreamFault(`The package's ${what} does not match its digest. Build or upload the file again.`, 'digest_mismatch')

/** Every digest of the main header that is there must be right, and one must be there. */
const checkHeaderDigests = ({ signature, main }: PackageHeaders, tools: InspectTools): void => {
  const stated = [
    ['sha256', signature.string(SIGNATURE_TAG.sha256)],
    ['sha1', signature.string(SIGNATURE_TAG.sha1)],
  ] as const
  for (const [name, digest] of stated) {
    if (digest !== undefined && digest.toLowerCase() !== digestOf(name, main.bytes, tools)) throw mismatch('header')
  }
  if (stated.every(([, digest]) => digest === undefined)) {
    throw new StreamFault(
      'The package has no digest of its header. Build it with rpm 4.14 or newer.',
      'package_unsupported',
    )
  }
}

const ALGORITHMS: Readonly<Record<number, HashName>> = {
  [DIGEST_ALGORITHM.sha256]: 'sha256',
  [DIGEST_ALGORITHM.sha512]: 'sha512',
}

/** A signature of ours covers the header only: without a digest in there, nothing would vouch for the payload. */
const payloadDigest = (main: Header): { readonly name: HashName; readonly digest: string } => {
  const digest = main.string(TAG.payloadDigest)
  const name = ALGORITHMS[main.number(TAG.payloadDigestAlgorithm) ?? DIGEST_ALGORITHM.sha256]
  if (digest !== undefined && name) return { name, digest: digest.toLowerCase() }
  const message = 'The package has no digest of its payload that can be read here. Build it with rpm 4.14 or newer.'
  throw new StreamFault(message, 'package_unsupported')
}

/** The whole file once through: its own digest, the payload's, and the old one over both. */
const checkPayload = async (file: SeekableFile, headers: PackageHeaders, tools: InspectTools): Promise<string> => {
  const { signature, main, headerEnd } = headers
  const sha256 = tools.hash('sha256')
  for await (const chunk of file.stream(0, headerEnd)) sha256.update(chunk)
  const { name, digest } = payloadDigest(main)
  const payload = tools.hash(name)
  const statedMd5 = signature.binary(SIGNATURE_TAG.md5)
  const md5: Hash | undefined = statedMd5 && tools.hash('md5')
  md5?.update(main.bytes)
  for await (const chunk of file.stream(headerEnd)) {
    tools.budget.check()
    for (const hash of [sha256, payload, md5]) hash?.update(chunk)
  }
  if (toHex(payload.digest()) !== digest) throw mismatch('payload')
  if (md5 && statedMd5 && toHex(md5.digest()) !== toHex(statedMd5)) throw mismatch('content')
  return toHex(sha256.digest())
}

const checkSize = (file: SeekableFile, { signature, main, headerEnd }: PackageHeaders): void => {
  const stated = signature.number(SIGNATURE_TAG.longSize) ?? signature.number(SIGNATURE_TAG.size)
  const found = main.bytes.length + file.sizeBytes - headerEnd
  if (stated === undefined || stated === found) return
  throw new StreamFault(
    `The package says that header and payload have ${stated} bytes, but they have ${found}. Upload it again.`,
    'size_mismatch',
  )
}

const checkKind = (main: Header): void => {
  const isSource = main.has(TAG.sourcePackage) || !main.has(TAG.sourceRpm)
  if (isSource) {
    throw new StreamFault('This is a source package. Upload what is built from it.', 'package_unsupported')
  }
  const format = main.string(TAG.payloadFormat) ?? 'cpio'
  if (format !== 'cpio') {
    throw new StreamFault(
      'The payload is no cpio archive (a delta package?). Upload a whole one.',
      'package_unsupported',
    )
  }
}

/** Bodies that rpm writes to a file for their program (rpm-scriptlets(7)). */
const SCRIPTS = [
  ['%pre', TAG.preInstall],
  ['%post', TAG.postInstall],
  ['%preun', TAG.preUninstall],
  ['%postun', TAG.postUninstall],
  ['%pretrans', TAG.preTransaction],
  ['%posttrans', TAG.postTransaction],
  ['%verify', TAG.verifyScript],
] as const

const checkScripts = (main: Header, tools: InspectTools): void => {
  for (const [name, tag] of SCRIPTS) {
    const body = main.string(tag)
    if (body !== undefined) checkFinishedScript(name, utf8(body), tools)
  }
}

export const inspectRpm = (file: SeekableFile, tools: InspectTools): Promise<Result<RpmEntry, Fault>> =>
  catchStreamFaults(async () => {
    const headers = await readPackageHeaders(file, tools.budget)
    const { signature, main, headerStart, headerEnd } = headers
    checkKind(main)
    checkScripts(main, tools)
    checkSize(file, headers)
    checkHeaderDigests(headers, tools)
    const sha256 = await checkPayload(file, headers, tools)
    const archiveSizeBytes =
      signature.number(SIGNATURE_TAG.longArchiveSize) ??
      signature.number(SIGNATURE_TAG.archiveSize) ??
      main.number(TAG.archiveSize) ??
      main.number(TAG.payloadSizeAlt) ??
      0
    const entry = entryOf(main, { headerStart, headerEnd, archiveSizeBytes }, tools.budget)
    if (!entry.ok) return entry
    const paths = entry.value.paths.map(({ path }) => path)
    await lookAtPrograms(file, { main, headerEnd, paths, arch: entry.value.arch }, tools)
    return ok({ ...entry.value, sizeBytes: file.sizeBytes, sha256 })
  })
