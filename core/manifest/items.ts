// What every kind of content has in common on its way to a packaged item: the request, the map of items by
// path, folders above a path, checked paths, and the item a source path becomes.
import type { Budget } from '../budget.ts'
import type { FaultCode, Where } from '../fault.ts'
import type { FileKind, PackagedItem } from '../model/spec.ts'
import { type Warn, type WarningCode, warning } from '../warning.ts'
import { isOwnedByFilesystem } from './filesystem-paths.ts'
import type { LocatedContent } from './overrides.ts'
import { climbsOut, hasControlCharacters, installed } from './paths.ts'
import type { SourceTree } from './tree.ts'
import type { Work } from './work.ts'

export interface ContentsRequest {
  readonly contents: readonly LocatedContent[]
  readonly packager: string
  readonly formatId?: string | undefined
  readonly tree: SourceTree
  readonly umask: number
  readonly isGlobbingDisabled: boolean
  /** The manifest's `mtime` or SOURCE_DATE_EPOCH: wins over the times of sources. */
  readonly mtimeSeconds: number | undefined
  /** For items without a source and without any other time. */
  readonly buildTimeSeconds: number
  readonly work: Work
  where(path: readonly (string | number)[]): Where
  written(path: readonly (string | number)[]): string
  readonly warn: Warn
}

type Key = 'src' | 'dst' | 'type' | 'file_info'

/** What is packed as nFPM packs it, though hardly as it was meant. */
export const warnOf = (
  request: ContentsRequest,
  content: LocatedContent,
  { code, key, message }: { readonly code: WarningCode; readonly key: Key; readonly message: string },
): void => {
  const where = request.where([...content.at, key])
  request.warn(warning(code, `${where.file}:${where.line ?? 1}:${where.column ?? 1}: ${message}`, where))
}

/** Three or four octal digits without the 0 that makes them octal. */
export const isDecimalMode = (written: string): boolean => /^[1-7][0-7]{2,3}$/.test(written)

/** Trouble with one entry; caught per entry, so that all of them are reported. */
export class ContentTrouble extends Error {
  readonly code: FaultCode
  readonly key: string
  constructor(code: FaultCode, key: Key, message: string) {
    super(message)
    this.code = code
    this.key = key
  }
}

export type Items = Map<string, PackagedItem>
export type FileInfo = NonNullable<LocatedContent['file_info']>

/** Folders added for files have this mode whatever umask says. */
export const DIRECTORY_MODE = 0o755
export const SYMLINK_MODE = 0o777

export const ownedBy = (info: FileInfo | undefined): Pick<PackagedItem, 'owner' | 'group' | 'language'> => ({
  owner: info?.owner || 'root',
  group: info?.group || 'root',
  ...(info?.lang ? { language: info.lang } : {}),
})

export const conflict = (path: string, present: PackagedItem, type: string): ContentTrouble =>
  new ContentTrouble('content_conflict', 'dst', `cannot put a ${type} at ${path}: a ${present.kind} is already there`)

/** A folder that is there has its own folders there too, so the way up ends at the first. */
export const addParents = (
  { items, budget }: Room,
  path: string,
  info: FileInfo | undefined,
  mtimeSeconds: number,
): void => {
  for (let parent = above(path); parent !== ''; parent = above(parent)) {
    const present = items.get(parent)
    if (present?.kind === 'dir' || present?.kind === 'implicit dir') return
    if (present) throw conflict(parent, present, `folder for ${path}`)
    const owned = isOwnedByFilesystem(parent) ? ownedBy(undefined) : ownedBy(info)
    put({ items, budget }, { kind: 'implicit dir', path: parent, mode: DIRECTORY_MODE, ...owned, mtimeSeconds })
  }
}

const above = (path: string): string => path.slice(0, path.lastIndexOf('/'))

/** The folder a package's items stand in, by path, and what they may cost. */
export interface Room {
  readonly items: Items
  readonly budget: Budget
}

/** Every item that is there for the first time is counted. */
export const put = ({ items, budget }: Room, item: PackagedItem): void => {
  if (!items.has(item.path)) budget.entry(item.path)
  items.set(item.path, item)
}

/** As written, before anything is joined to it: cleaning would hide where it wanted to go. */
export const refuseClimbing = (dst: string): void => {
  if (climbsOut(dst)) throw new ContentTrouble('path_unsafe', 'dst', `${dst} leads out of the file system's root`)
}

/** An installed path that is one: below `/`, and text that no archive or index can be broken with. */
export const checkedPath = (dst: string): string => {
  refuseClimbing(dst)
  if (hasControlCharacters(dst)) {
    throw new ContentTrouble('path_unsafe', 'dst', `${JSON.stringify(dst)} has control characters`)
  }
  const path = installed(dst)
  if (path === '/') throw new ContentTrouble('path_unsafe', 'dst', `"${dst}" is the root folder: name a file in it`)
  return path
}

export const checkedTarget = (target: string): string => {
  if (target !== '' && !hasControlCharacters(target)) return target
  throw new ContentTrouble('path_unsafe', 'src', `${JSON.stringify(target)} cannot be what a symlink points to`)
}

export const missing = (src: string): ContentTrouble =>
  new ContentTrouble('source_missing', 'src', `${src} is not there (paths are relative to the working folder)`)

/** A file or symlink of the source tree under its own path there. */
export const readItem = async (
  request: ContentsRequest,
  sourcePath: string,
  path: string,
  kind: FileKind,
  info: FileInfo | undefined,
): Promise<PackagedItem> => {
  const { tree, umask } = request
  const stat = await tree.stat(sourcePath)
  if (!stat) throw missing(sourcePath)
  const mtimeSeconds = info?.mtime ?? request.mtimeSeconds ?? stat.mtimeSeconds
  if (stat.kind === 'symlink') {
    const target = checkedTarget(stat.target)
    return { kind: 'symlink', path, mode: SYMLINK_MODE, ...ownedBy(info), mtimeSeconds, target }
  }
  if (stat.kind !== 'file') {
    throw new ContentTrouble('source_missing', 'src', `${sourcePath} is neither a file, a folder nor a symlink`)
  }
  const mode = info?.mode || stat.mode & ~umask
  return { kind, path, mode, ...ownedBy(info), mtimeSeconds, source: await tree.open(sourcePath) }
}
