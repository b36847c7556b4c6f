// `type: tree`: a whole folder, its folders owned by the package, its symlinks kept. nFPM's files.addTree; what
// a tree brings replaces what stood there, except a folder that another entry claimed as the tree's own root.
import type { Budget } from '../budget.ts'
import type { FileKind, PackagedItem } from '../model/spec.ts'
import { isOwnedByFilesystem } from './filesystem-paths.ts'
import { parsePattern } from './glob-pattern.ts'
import {
  addParents,
  type ContentsRequest,
  ContentTrouble,
  checkedPath,
  conflict,
  type FileInfo,
  missing,
  ownedBy,
  put,
  type Room,
  readItem,
  warnOf,
} from './items.ts'
import type { LocatedContent } from './overrides.ts'
import { clean, installed, join, relative } from './paths.ts'
import { type Followed, follow, type SourceTree } from './tree.ts'

/** Some steps for each folder and file, besides its name's characters. */
const STEPS_A_PATH = 50

const walk = async (
  tree: SourceTree,
  root: string,
  visit: (path: string, isFolder: boolean) => Promise<void>,
): Promise<void> => {
  for (const child of await tree.list(root)) {
    const path = join(root, child.name)
    const isFolder = child.kind === 'directory'
    await visit(path, isFolder)
    if (isFolder) await walk(tree, path, visit)
  }
}

/** nFPM matches both the pattern and the folder with a leading slash, as filepath.Match does. */
const disownedBy = (patterns: readonly string[] | undefined, budget: Budget): ((path: string) => boolean) => {
  const parsed = (patterns ?? []).map((pattern) => {
    const absolute = pattern.startsWith('/') ? pattern : `/${pattern}`
    return { absolute, pattern: parsePattern(absolute, 'match') }
  })
  return (path) =>
    parsed.some(
      ({ absolute, pattern }) =>
        absolute === path || pattern.matches(path, budget, `disown_subtree ${absolute.slice(0, 200)}`),
    )
}

/** Owner and group of a tree do not reach what the distribution owns. */
const infoFor = (path: string, info: FileInfo | undefined): FileInfo | undefined => {
  if (!info || !isOwnedByFilesystem(path)) return info
  return {
    ...(info.mode === undefined ? {} : { mode: info.mode }),
    ...(info.mtime === undefined ? {} : { mtime: info.mtime }),
  }
}

interface Folder {
  readonly sourcePath: string
  readonly path: string
  readonly isDisowned: boolean
}

const readFolder = async (
  content: LocatedContent,
  request: ContentsRequest,
  { sourcePath, path, isDisowned }: Folder,
): Promise<PackagedItem> => {
  const stat = await request.tree.stat(sourcePath)
  if (!stat) throw missing(sourcePath)
  const info = infoFor(path, content.file_info)
  const isImplicit = isDisowned || isOwnedByFilesystem(path)
  return {
    kind: isImplicit ? 'implicit dir' : 'dir',
    path,
    mode: info?.mode || stat.mode & ~request.umask,
    ...ownedBy(info),
    mtimeSeconds: info?.mtime ?? request.mtimeSeconds ?? stat.mtimeSeconds,
  }
}

const isFolderKind = (item: PackagedItem): boolean => item.kind === 'dir' || item.kind === 'implicit dir'

const replace = (room: Room, item: PackagedItem): void => {
  const present = room.items.get(item.path)
  if (present && isFolderKind(present) !== isFolderKind(item)) throw conflict(item.path, present, item.kind)
  put(room, item)
}

/** The tree's own place, which no other entry may have claimed; `/` and nothing are the root and no place. */
const claimRoot = (room: Room, content: LocatedContent, request: ContentsRequest): void => {
  const { dst = '' } = content
  if (installed(dst) === '/') return
  const path = checkedPath(dst)
  const present = room.items.get(path)
  if (present && present.kind !== 'implicit dir') throw conflict(path, present, 'tree')
  addParents(room, path, content.file_info, request.mtimeSeconds ?? request.buildTimeSeconds)
}

/** A trailing slash follows a symlink to the folder; without it the symlink itself is packed. */
const findRoot = async (tree: SourceTree, src: string): Promise<Followed | undefined> => {
  if (src.endsWith('/')) return follow(tree, clean(src))
  const stat = await tree.stat(clean(src))
  return stat && { path: clean(src), stat }
}

export const addTree = async (
  room: Room,
  content: LocatedContent,
  request: ContentsRequest,
  kind: FileKind,
): Promise<void> => {
  const { src, dst = '' } = content
  if (!src) throw new ContentTrouble('manifest_invalid', 'src', 'src is missing: a tree needs a folder')
  claimRoot(room, content, request)
  const root = await findRoot(request.tree, src)
  if (!root) throw missing(src)
  const isDisowned = disownedBy(content.disown_subtree, request.work.budget)
  const packFile = async (sourcePath: string, path: string): Promise<void> =>
    replace(room, await readItem(request, sourcePath, path, kind, infoFor(path, content.file_info)))
  const packFolder = async (sourcePath: string, path: string): Promise<void> =>
    replace(room, await readFolder(content, request, { sourcePath, path, isDisowned: isDisowned(path) }))

  if (root.stat.kind !== 'directory') return packFile(root.path, checkedPath(dst))
  const mode = content.file_info?.mode
  // 01363 of a decimal 755 has its own warning.
  if (mode && (mode & 0o111) === 0) {
    const message = `mode 0${mode.toString(8)} also goes to the folders of the tree, as in nFPM, and nobody can enter those: leave it out, or give files and folders entries of their own`
    warnOf(request, content, { code: 'mode_without_search', key: 'file_info', message })
  }
  if (installed(dst) !== '/') await packFolder(root.path, checkedPath(dst))
  await walk(request.tree, root.path, async (found, isFolder) => {
    request.work.budget.step(found.length + STEPS_A_PATH, `src ${src.slice(0, 200)}`)
    const path = checkedPath(join('/', dst, relative(root.path, found)))
    await (isFolder ? packFolder(found, path) : packFile(found, path))
  })
}
