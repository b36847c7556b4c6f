// Reads an .apk of version 2, ours or a stranger's, and checks what apk itself would: digests and checksums.

import { type PassingBinaries, passingBinaries } from '../../binaries/finished.ts'
import type { Budget } from '../../budget.ts'
import { collectBytes, fromUtf8, sourceOf } from '../../bytes/arrays.ts'
import { readGzipMember } from '../../bytes/gzip-frame.ts'
import { hashed } from '../../bytes/hashed.ts'
import { toHex } from '../../bytes/hex.ts'
import { NeedMoreInput } from '../../bytes/inflate.ts'
import { catchStreamFaults, decompressPart, StreamFault } from '../../bytes/stream-fault.ts'
import { type ReadMember, readTar } from '../../bytes/tar-read.ts'
import type { Fault } from '../../fault.ts'
import type { PackagedPath } from '../../model/entry.ts'
import type { ByteSource } from '../../model/spec.ts'
import { ok, type Result } from '../../result.ts'
import { checkFinishedScript } from '../../text/finished-scripts.ts'
import { parsePairs } from '../../text/key-value.ts'
import type { InspectTools, SeekableFile } from '../../tools.ts'
import { versionWarning } from './check.ts'
import { CHECKSUM_RECORD } from './data-tar.ts'
import { type ApkEntry, entryOf, findPair } from './entry.ts'

/** Signatures, .PKGINFO and scripts: apk itself reads scripts up to 1 MiB. */
const MAX_CONTROL_BYTES = 8 * 1024 * 1024
const FIRST_READ_BYTES = 64 * 1024
/** Every signature inflates again: real packages have one, and one more while keys change. */
const MAX_SIGNATURES = 16

interface Control {
  readonly offset: number
  readonly sizeBytes: number
  readonly compressed: Uint8Array
  readonly pkginfo: string
}

const isSignature = (tar: Uint8Array): boolean => fromUtf8(tar.subarray(0, 6)) === '.SIGN.'

/** apk-package(5), and apk-tools' src/package.c for the words. */
const SCRIPT = /^\.(?:(?:pre|post)-(?:install|deinstall|upgrade)|trigger)$/

const readPkginfo = async (tar: Uint8Array, tools: InspectTools): Promise<string> => {
  let pkginfo: string | undefined
  for await (const member of readTar(sourceOf(tar), tools.budget, { cut: true })) {
    if (member.kind !== 'file') continue
    if (member.name === '.PKGINFO') pkginfo ??= fromUtf8(await collectBytes(member.body))
    else if (SCRIPT.test(member.name)) checkFinishedScript(member.name, await collectBytes(member.body), tools)
  }
  if (pkginfo !== undefined) return pkginfo
  throw new StreamFault('The control part has no .PKGINFO. Upload an .apk file of version 2.')
}

/** The first member that is no signature. */
const findControl = (head: Uint8Array, budget: Budget): { tar: Uint8Array; offset: number; end: number } => {
  let offset = 0
  for (let signatures = 0; signatures <= MAX_SIGNATURES; signatures++) {
    const { bytes, end } = readGzipMember(head, offset, MAX_CONTROL_BYTES)
    budget.unpack(bytes.length, 'The control part')
    if (!isSignature(bytes)) return { tar: bytes, offset, end }
    offset = end
  }
  throw new StreamFault(
    `The package has more than ${MAX_SIGNATURES} signatures. Upload it with fewer.`,
    'limit_exceeded',
  )
}

const readControl = async (file: SeekableFile, tools: InspectTools): Promise<Control> => {
  for (let wanted = FIRST_READ_BYTES; ; wanted *= 4) {
    const head = await file.read(0, wanted)
    if (fromUtf8(head.subarray(0, 3)) === 'ADB') {
      throw new StreamFault('This is an apk package of version 3. Upload one of version 2.', 'package_unsupported')
    }
    try {
      const { tar, offset, end } = findControl(head, tools.budget)
      const compressed = head.subarray(offset, end)
      return { offset, sizeBytes: end - offset, compressed, pkginfo: await readPkginfo(tar, tools) }
    } catch (error) {
      if (!(error instanceof NeedMoreInput)) throw error
      if (head.length < wanted || wanted > MAX_CONTROL_BYTES) {
        throw new StreamFault('The file ends in the middle of its control part. Upload it again.')
      }
    }
  }
}

const checkMember = async (member: ReadMember, tools: InspectTools, binaries: PassingBinaries): Promise<void> => {
  if (member.kind !== 'file') return
  const wanted = member.records.get(CHECKSUM_RECORD)
  if (wanted === undefined) {
    throw new StreamFault(
      `"${member.name}" has no embedded checksum, so apk 3 refuses it. Build it with abuild or here.`,
      'package_unsupported',
    )
  }
  const sha1 = tools.hash('sha1')
  await binaries.look(`/${member.name}`, hashed(member.body, sha1))
  if (toHex(sha1.digest()) !== wanted.toLowerCase()) {
    throw new StreamFault(`"${member.name}" does not match its embedded checksum. Build or upload the file again.`)
  }
}

const readData = async (tar: ByteSource, tools: InspectTools) => {
  const paths: PackagedPath[] = []
  const binaries = passingBinaries()
  for await (const member of readTar(tar, tools.budget)) {
    const path = `/${member.name
      .split('/')
      .filter((segment) => segment !== '' && segment !== '.')
      .join('/')}`
    if (path === '/') continue
    const { kind } = member
    paths.push({ path, kind: kind === 'directory' || kind === 'symlink' ? kind : 'file' })
    await checkMember(member, tools, binaries)
  }
  return { paths, binaries }
}

/** The file once through: the whole's digest, the data part's, and its paths. */
const readRest = async (file: SeekableFile, dataOffset: number, tools: InspectTools) => {
  const sha256 = tools.hash('sha256')
  const dataSha256 = tools.hash('sha256')
  for await (const chunk of file.stream(0, dataOffset)) sha256.update(chunk)
  const data = await readData(
    decompressPart(tools, 'gzip', hashed(file.stream(dataOffset), sha256, dataSha256), 'The data part'),
    tools,
  )
  return { ...data, sha256: toHex(sha256.digest()), dataHash: toHex(dataSha256.digest()) }
}

export const inspectApk = (file: SeekableFile, tools: InspectTools): Promise<Result<ApkEntry, Fault>> =>
  catchStreamFaults(async () => {
    const control = await readControl(file, tools)
    const { paths, binaries, sha256, dataHash } = await readRest(file, control.offset + control.sizeBytes, tools)
    const pairs = parsePairs(control.pkginfo)
    if (pairs.ok && findPair(pairs.value, 'datahash')?.toLowerCase() !== dataHash) {
      throw new StreamFault('The data part does not match the datahash in .PKGINFO. Build or upload the file again.')
    }
    const sha1 = tools.hash('sha1')
    sha1.update(control.compressed)
    const entry = entryOf({
      pkginfo: control.pkginfo,
      paths,
      controlSha1: toHex(sha1.digest()),
      controlOffset: control.offset,
      controlSizeBytes: control.sizeBytes,
    })
    const unusual = entry.ok ? versionWarning(entry.value.version) : undefined
    if (unusual) tools.warn(unusual)
    if (entry.ok) binaries.judge({ id: 'apk', libc: 'musl' }, entry.value.arch, tools.warn)
    return entry.ok ? ok({ ...entry.value, sizeBytes: file.sizeBytes, sha256 }) : entry
  })
