// What a header says of each file, and what it says of all of them. Folders that nobody listed belong to nobody
// (nFPM's rule): only `dir` entries are owned.

import { utf8 } from '../../bytes/arrays.ts'
import type { PackagedPath } from '../../model/entry.ts'
import type { PackagedItem, SourceFile } from '../../model/spec.ts'
import { int32, strings, type TagValue } from './header.ts'
import { DIGEST_ALGORITHM, FILE_FLAG, MODE, TAG } from './tags.ts'

export interface RpmFile {
  readonly path: string
  /** With the type. */
  readonly mode: number
  readonly owner: string
  readonly group: string
  readonly mtimeSeconds: number
  readonly sizeBytes: number
  readonly linkTo: string
  readonly flags: number
  readonly verifyFlags: number
  readonly language: string
  /** Absent for what has no bytes in the payload. */
  readonly source?: SourceFile
  readonly isPacked: boolean
}

/** Known only when its bytes have passed. */
export interface FileFacts {
  /** Lower-case hex of the sha256; empty for what is no regular file. */
  digest: string
  /** 1 for 32-bit, 2 for 64-bit ELF files: which of two packages' files stays where both may be installed. */
  color: number
}

const KIND_FLAGS: Readonly<Partial<Record<PackagedItem['kind'], number>>> = {
  config: FILE_FLAG.config,
  'config|noreplace': FILE_FLAG.config | FILE_FLAG.noReplace,
  'config|missingok': FILE_FLAG.config | FILE_FLAG.missingOk,
  doc: FILE_FLAG.doc,
  licence: FILE_FLAG.licence,
  readme: FILE_FLAG.readme,
  ghost: FILE_FLAG.ghost,
}

/** rpmbuild calls everything below them documentation, whoever listed it (its macro `__docdir_path`). */
const DOC_FOLDERS = [
  ...['doc', 'man', 'info', 'gtk-doc/html', 'gnome/help'].map((name) => `/usr/share/${name}/`),
  ...['/usr/doc/', '/usr/man/', '/usr/info/', '/usr/X11R6/man/'],
]

/** `--nodocs` leaves out what has this flag; folders have none (build/files.cc, genCpioListAndHeader). */
const flagsOf = ({ kind, path }: PackagedItem): number => {
  if (kind === 'dir') return 0
  const isDoc = DOC_FOLDERS.some((folder) => path.startsWith(folder))
  return (KIND_FLAGS[kind] ?? 0) | (isDoc ? FILE_FLAG.doc : 0)
}

/** RPMVERIFY_ALL; a ghost is not expected to keep digest, size, link target and time (build/files.cc). */
const VERIFY_ALL = 0xffffffff
const VERIFY_GHOST = 0xffffffd8

const typed = (item: PackagedItem): Pick<RpmFile, 'mode' | 'sizeBytes' | 'linkTo' | 'isPacked' | 'source'> => {
  const mode = item.mode & 0o7777
  switch (item.kind) {
    case 'dir':
    case 'implicit dir':
      return { mode: MODE.directory | mode, sizeBytes: 0, linkTo: '', isPacked: true }
    case 'symlink':
      return { mode: MODE.symlink | 0o777, sizeBytes: utf8(item.target).length, linkTo: item.target, isPacked: true }
    case 'ghost':
      return { mode: MODE.file | mode, sizeBytes: 0, linkTo: '', isPacked: false }
    default:
      return {
        mode: MODE.file | mode,
        sizeBytes: item.source.sizeBytes,
        linkTo: '',
        isPacked: true,
        source: item.source,
      }
  }
}

const isSurrogate = (code: number): boolean => code >= 0xd800 && code <= 0xdfff

/** UTF-8's order, by which rpm searches: surrogates, of which characters beyond U+FFFF are made, come last. */
const compareBytes = (a: string, b: string): number => {
  const shorter = Math.min(a.length, b.length)
  let at = 0
  while (at < shorter && a.charCodeAt(at) === b.charCodeAt(at)) at += 1
  if (at === shorter) return a.length - b.length
  const [left, right] = [a.charCodeAt(at), b.charCodeAt(at)]
  if (isSurrogate(left) !== isSurrogate(right)) return isSurrogate(left) ? 1 : -1
  return left - right
}

export const filesOf = (items: readonly PackagedItem[]): readonly RpmFile[] =>
  items
    .filter(({ kind }) => kind !== 'implicit dir')
    .map((item) => ({
      path: item.path,
      owner: item.owner,
      group: item.group,
      mtimeSeconds: item.mtimeSeconds,
      flags: flagsOf(item),
      verifyFlags: item.kind === 'ghost' ? VERIFY_GHOST : VERIFY_ALL,
      language: item.language ?? '',
      ...typed(item),
    }))
    .sort((a, b) => compareBytes(a.path, b.path))

/** rpmbuild's sum: files and links, but neither folders nor ghosts. */
export const installedBytes = (files: readonly RpmFile[]): number =>
  files.reduce((sum, { sizeBytes, isPacked }) => sum + (isPacked ? sizeBytes : 0), 0)

/** From here on a size needs 64 bits, and the payload its stripped headers. */
export const MAX_INT32 = 0xffffffff

export const hasLargeFile = (files: readonly RpmFile[]): boolean => files.some(({ sizeBytes }) => sizeBytes > MAX_INT32)

/** Paths in two parts: a table of folders, and base names with numbers in it (rpmlib(CompressedFileNames)). */
const nameTags = (files: readonly RpmFile[]): readonly (readonly [number, TagValue])[] => {
  const folders = new Map<string, number>()
  const indexes = files.map(({ path }) => {
    const folder = path.slice(0, path.lastIndexOf('/') + 1)
    const known = folders.get(folder) ?? folders.size
    folders.set(folder, known)
    return known
  })
  return [
    [TAG.baseNames, strings(files.map(({ path }) => path.slice(path.lastIndexOf('/') + 1)))],
    [TAG.dirNames, strings([...folders.keys()])],
    [TAG.dirIndexes, { type: 'int32', values: indexes }],
  ]
}

/** A package without files has none of these tags: rpm refuses empty ones. */
export const fileTags = (
  files: readonly RpmFile[],
  facts: readonly FileFacts[],
): readonly (readonly [number, TagValue])[] => {
  if (files.length === 0) return []
  const sizes = files.map(({ sizeBytes }) => sizeBytes)
  const zeros = files.map(() => 0)
  return [
    ...nameTags(files),
    hasLargeFile(files)
      ? [TAG.longFileSizes, { type: 'int64', values: sizes }]
      : [TAG.fileSizes, { type: 'int32', values: sizes }],
    [TAG.fileModes, { type: 'int16', values: files.map(({ mode }) => mode) }],
    [TAG.fileRdevs, { type: 'int16', values: zeros }],
    [TAG.fileMtimes, { type: 'int32', values: files.map(({ mtimeSeconds }) => mtimeSeconds) }],
    [TAG.fileDigests, strings(facts.map(({ digest }) => digest))],
    [TAG.fileDigestAlgorithm, int32(DIGEST_ALGORITHM.sha256)],
    [TAG.fileLinkTos, strings(files.map(({ linkTo }) => linkTo))],
    [TAG.fileFlags, { type: 'int32', values: files.map(({ flags }) => flags) }],
    [TAG.fileUserNames, strings(files.map(({ owner }) => owner))],
    [TAG.fileGroupNames, strings(files.map(({ group }) => group))],
    [TAG.fileVerifyFlags, { type: 'int32', values: files.map(({ verifyFlags }) => verifyFlags) }],
    // One file system, and no two files are one: a number each.
    [TAG.fileDevices, { type: 'int32', values: files.map(() => 1) }],
    [TAG.fileInodes, { type: 'int32', values: files.map((_, at) => at + 1) }],
    [TAG.fileLangs, strings(files.map(({ language }) => language))],
    [TAG.fileColors, { type: 'int32', values: facts.map(({ color }) => color) }],
  ]
}

export const pathKind = (mode: number, flags: number): PackagedPath['kind'] => {
  const type = mode & MODE.type
  if (type === MODE.directory) return 'directory'
  if ((flags & FILE_FLAG.ghost) !== 0) return 'ghost'
  return type === MODE.symlink ? 'symlink' : 'file'
}
