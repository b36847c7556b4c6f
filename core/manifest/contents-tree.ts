// `type: tree`: a whole folder, its folders owned by the package, its symlinks kept. nFPM's files.addTree; what
// a tree brings replaces what stood there, except a folder that another entry claimed as the tree's own root.
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
  type Items,
  missing,
  ownedBy,
  readItem,
  warnOf,
} from './items.ts'
import type { LocatedContent } from './overrides.ts'
import { clean, installed, join, relative } from './paths.ts'
import { type Followed, follow, type SourceTree } from './tree.ts'

async function* walk(
  tree: SourceTree,
  root: string,
): AsyncIterable<{ readonly path: string; readonly isFolder: boolean }> {
  for (const child of await tree.list(root)) {
    const path = join(root, child.name)
    const isFolder = child.kind === 'directory'
    yield { path, isFolder }
    if (isFolder) yield* walk(tree, path)
  }
}

/** nFPM matches both the pattern and the folder with a leading slash, as filepath.Match does. */
const isDisowned = (path: string, patterns: readonly string[] | undefined): boolean =>
  (patterns ?? []).some((pattern) => {
    const absolute = pattern.startsWith('/') ? pattern : `/${pattern}`
    return absolute === path || parsePattern(absolute, 'match').matches(path)
  })

/** Owner and group of a tree do not reach what the distribution owns. */
const infoFor = (path: string, info: FileInfo | undefined): FileInfo | undefined => {
  if (!info || !isOwnedByFilesystem(path)) return info
  return {
    ...(info.mode === undefined ? {} : { mode: info.mode }),
    ...(info.mtime === undefined ? {} : { mtime: info.mtime }),
  }
}

const readFolder = async (
  content: LocatedContent,
  request: ContentsRequest,
  sourcePath: string,
  path: string,
): Promise<PackagedItem> => {
  const stat = await request.tree.stat(sourcePath)
  if (!stat) throw missing(sourcePath)
  const info = infoFor(path, content.file_info)
  const isImplicit = isDisowned(path, content.disown_subtree) || isOwnedByFilesystem(path)
  return {
    kind: isImplicit ? 'implicit dir' : 'dir',
    path,
    mode: info?.mode || stat.mode & ~request.umask,
    ...ownedBy(info),
    mtimeSeconds: info?.mtime ?? request.mtimeSeconds ?? stat.mtimeSeconds,
  }
}

const isFolderKind = (item: PackagedItem): boolean => item.kind === 'dir' || item.kind === 'implicit dir'

const put = (items: Items, item: PackagedItem): void => {
  const present = items.get(item.path)
  if (present && isFolderKind(present) !== isFolderKind(item)) throw conflict(item.path, present, item.kind)
  items.set(item.path, item)
}

/** The tree's own place, which no other entry may have claimed; `/` and nothing are the root and no place. */
const claimRoot = (items: Items, content: LocatedContent, request: ContentsRequest): void => {
  const { dst = '' } = content
  if (installed(dst) === '/') return
  const path = checkedPath(dst)
  const present = items.get(path)
  if (present && present.kind !== 'implicit dir') throw conflict(path, present, 'tree')
  addParents(items, path, content.file_info, request.mtimeSeconds ?? request.buildTimeSeconds)
}

/** A trailing slash follows a symlink to the folder; without it the symlink itself is packed. */
const findRoot = async (tree: SourceTree, src: string): Promise<Followed | undefined> => {
  if (src.endsWith('/')) return follow(tree, clean(src))
  const stat = await tree.stat(clean(src))
  return stat && { path: clean(src), stat }
}

export const addTree = async (
  items: Items,
  content: LocatedContent,
  request: ContentsRequest,
  kind: FileKind,
): Promise<void> => {
  const { src, dst = '' } = content
  if (!src) throw new ContentTrouble('manifest_invalid', 'src', 'src is missing: a tree needs a folder')
  claimRoot(items, content, request)
  const root = await findRoot(request.tree, src)
  if (!root) throw missing(src)
  const packFile = async (sourcePath: string, path: string): Promise<void> =>
    put(items, await readItem(request, sourcePath, path, kind, infoFor(path, content.file_info)))
  const packFolder = async (sourcePath: string, path: string): Promise<void> =>
    put(items, await readFolder(content, request, sourcePath, path))

  if (root.stat.kind !== 'directory') return packFile(root.path, checkedPath(dst))
  const mode = content.file_info?.mode
  // 01363 of a decimal 755 has its own warning.
  if (mode && (mode & 0o111) === 0) {
    const message = `mode 0${mode.toString(8)} also goes to the folders of the tree, as in nFPM, and nobody can enter those: leave it out, or give files and folders entries of their own`
    warnOf(request, content, { code: 'mode_without_search', key: 'file_info', message })
  }
  if (installed(dst) !== '/') await packFolder(root.path, checkedPath(dst))
  for await (const found of walk(request.tree, root.path)) {
    const path = checkedPath(join('/', dst, relative(root.path, found.path)))
    await (found.isFolder ? packFolder(found.path, path) : packFile(found.path, path))
  }
}
