// The two headers of a package file, read and bounded: what inspecting and sealing both begin with.
import type { Budget } from '../../budget.ts'
import { StreamFault } from '../../bytes/stream-fault.ts'
import type { SeekableFile } from '../../tools.ts'
import { INTRO_BYTES, paddingAfter } from './header.ts'
import { type Header, type HeaderLimits, headerLength, parseHeader } from './header-read.ts'
import { checkLead, LEAD_BYTES } from './lead.ts'
import { TAG } from './tags.ts'

/** rpm allows 256 MiB; the largest real ones (debug symbols of a kernel) have about 20. Held whole to be signed. */
export const MAX_HEADER_BYTES = 32 * 1024 * 1024

/** rpm's own numbers (lib/header.cc, hdrblobVerifyLengths) but for the bytes. */
const SIGNATURE_LIMITS: HeaderLimits = {
  what: 'signature header',
  maxEntries: 32,
  maxDataBytes: MAX_HEADER_BYTES,
  region: TAG.headerSignatures,
}
export const MAIN_LIMITS: HeaderLimits = {
  what: 'header',
  maxEntries: 0xffff,
  maxDataBytes: MAX_HEADER_BYTES,
  region: TAG.headerImmutable,
}

interface Place {
  readonly offset: number
  readonly limits: HeaderLimits
}

const readHeader = async (file: SeekableFile, { offset, limits }: Place, budget: Budget): Promise<Header> => {
  const length = headerLength(await file.read(offset, INTRO_BYTES), limits)
  const bytes = await file.read(offset, length)
  if (bytes.length < length) {
    throw new StreamFault(`The file ends in the middle of its ${limits.what}. Upload it again.`)
  }
  return parseHeader(bytes, limits, budget)
}

export interface PackageHeaders {
  readonly signature: Header
  readonly main: Header
  readonly headerStart: number
  readonly headerEnd: number
}

export const readPackageHeaders = async (file: SeekableFile, budget: Budget): Promise<PackageHeaders> => {
  checkLead(await file.read(0, LEAD_BYTES))
  const signature = await readHeader(file, { offset: LEAD_BYTES, limits: SIGNATURE_LIMITS }, budget)
  const signatureBytes = signature.bytes.length
  const headerStart = LEAD_BYTES + signatureBytes + paddingAfter(signatureBytes).length
  const main = await readHeader(file, { offset: headerStart, limits: MAIN_LIMITS }, budget)
  return { signature, main, headerStart, headerEnd: headerStart + main.bytes.length }
}
