// Which files a content's `src` names and where each goes: nFPM's internal/glob over fileglob, on a SourceTree.
import { literalPattern, parsePattern } from './glob-pattern.ts'
import { basename, clean, dirname, join, relative } from './paths.ts'
import { filesBelow, follow, type SourceTree } from './tree.ts'

export interface GlobMatch {
  readonly source: string
  /** Not normalised yet. */
  readonly destination: string
}

export interface GlobRequest {
  readonly src: string
  readonly dst: string
  readonly isGlobbingDisabled: boolean
}

/** `missing`: the one file a plain path names is not there. `none`: no file matches. */
export type GlobOutcome =
  | {
      readonly kind: 'found'
      readonly matches: readonly GlobMatch[]
      /** Symlinks to folders. */
      readonly leftOut: readonly string[]
      /** Folders below a plain `src` are lost: `dst` ends in a slash. */
      readonly isFlattened: boolean
    }
  | { readonly kind: 'missing' | 'none' }

/** Doubled slashes and `./` mean nothing to a person and would match nothing. */
const tidy = (pattern: string): string => pattern.replace(/\/(?:\.?\/)+/g, '/').replace(/^(?:\.\/)+/, '')

const stripSlash = (pattern: string): string => (pattern.length > 1 ? pattern.replace(/\/$/, '') : pattern)

const commonPrefix = (texts: readonly string[]): string => {
  const [first = '', ...rest] = texts
  let length = first.length
  for (const text of rest) {
    let same = 0
    while (same < length && text[same] === first[same]) same += 1
    length = same
  }
  return first.slice(0, length)
}

async function* matchesBelow(
  tree: SourceTree,
  path: string,
  isDirectory: boolean,
  matches: (path: string) => boolean,
): AsyncIterable<string> {
  // A folder that matches stands for every file in it.
  if (matches(path)) {
    if (isDirectory) yield* filesBelow(tree, path)
    else yield path
    return
  }
  if (!isDirectory) return
  for (const child of await tree.list(path)) {
    yield* matchesBelow(tree, join(path, child.name), child.kind === 'directory', matches)
  }
}

const collect = async (paths: AsyncIterable<string>): Promise<readonly string[]> => {
  const collected: string[] = []
  for await (const path of paths) collected.push(path)
  return collected
}

const find = async (
  tree: SourceTree,
  { src, isGlobbingDisabled }: GlobRequest,
): Promise<readonly string[] | 'missing'> => {
  const text = stripSlash(tidy(src)) || '.'
  const pattern = isGlobbingDisabled ? literalPattern(text) : parsePattern(text)
  const isPlainPath = pattern.literal !== undefined
  const start = clean(pattern.staticPrefix)
  const own = await tree.stat(start)
  const isReachedDirectly = !start.startsWith('/') && !start.startsWith('../')
  // fileglob looks at a symlink itself only where its path is relative and below the working folder.
  if (isPlainPath && own?.kind === 'symlink' && isReachedDirectly) return [start]
  const followed = own && (await follow(tree, start))
  if (!followed) return isPlainPath ? 'missing' : []
  if (followed.stat.kind !== 'directory') return pattern.matches(start) ? [start] : []
  if (isPlainPath) return collect(filesBelow(tree, start))
  return collect(matchesBelow(tree, start, true, pattern.matches))
}

/** Throws PatternError for a pattern that is not one. */
export const glob = async (tree: SourceTree, request: GlobRequest): Promise<GlobOutcome> => {
  const { src, dst, isGlobbingDisabled } = request
  const found = await find(tree, request)
  if (found === 'missing') return { kind: 'missing' }
  if (found.length === 0) return { kind: 'none' }
  const hasMatchers = !isGlobbingDisabled && parsePattern(tidy(src)).literal === undefined
  const isThere = !hasMatchers && (await tree.stat(clean(src))) !== undefined
  const base = isThere ? clean(src) : dirname(commonPrefix(found))
  const matches: GlobMatch[] = []
  const leftOut: string[] = []
  for (const source of found) {
    // nFPM packs no symlink to a folder that a glob or a folder yields.
    if ((await follow(tree, source))?.stat.kind === 'directory') {
      leftOut.push(source)
      continue
    }
    const destination = dst.endsWith('/') ? join(dst, basename(source)) : join(dst, relative(base, source))
    matches.push({ source, destination })
  }
  const isNested = ({ source }: GlobMatch): boolean => relative(base, source).includes('/')
  return { kind: 'found', matches, leftOut, isFlattened: isThere && dst.endsWith('/') && matches.some(isNested) }
}
