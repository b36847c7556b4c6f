// Which files a content's `src` names and where each goes: nFPM's internal/glob over fileglob, on a SourceTree.
import { literalPattern, parsePattern } from './glob-pattern.ts'
import { basename, clean, dirname, join, relative } from './paths.ts'
import { filesBelow, follow, type SourceTree } from './tree.ts'
import type { Work } from './work.ts'

export interface GlobMatch {
  readonly source: string
  /** Not normalised yet. */
  readonly destination: string
}

export interface GlobRequest {
  readonly src: string
  readonly dst: string
  readonly isGlobbingDisabled: boolean
  readonly work: Work
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

/** What of the tree was looked through already, by folder and pattern: every target of a build asks for the same. */
export interface GlobMemory {
  readonly found: Map<string, readonly string[]>
  /** Of all paths kept; what would be more is looked for again. */
  keptCharacters: number
}

const MAX_KEPT_CHARACTERS = 8 * 1024 * 1024

export const openGlobMemory = (): GlobMemory => ({ found: new Map(), keptCharacters: 0 })

const recall = async (
  memory: GlobMemory,
  key: string,
  look: () => Promise<readonly string[]>,
): Promise<readonly string[]> => {
  const known = memory.found.get(key)
  if (known) return known
  const paths = await look()
  const characters = paths.reduce((sum, { length }) => sum + length, key.length)
  if (memory.keptCharacters + characters <= MAX_KEPT_CHARACTERS) {
    memory.keptCharacters += characters
    memory.found.set(key, paths)
  }
  return paths
}

interface Walk {
  readonly tree: SourceTree
  readonly matches: (path: string) => boolean
  readonly pass: (path: string) => void
  readonly found: string[]
}

const walkBelow = async (walk: Walk, path: string, isDirectory: boolean): Promise<void> => {
  const { tree, matches, pass, found } = walk
  pass(path)
  // A folder that matches stands for every file in it.
  if (matches(path)) {
    if (isDirectory) await filesBelow(tree, path, (file) => void found.push(file), pass)
    else found.push(path)
  } else if (isDirectory) {
    for (const child of await tree.list(path)) {
      await walkBelow(walk, join(path, child.name), child.kind === 'directory')
    }
  }
}

/** A folder or file that is looked at, before anything is matched. */
const STEPS_A_PATH = 64
const STEPS_A_CHARACTER = 1 / 8

const stepsOf = (path: string): number => STEPS_A_PATH + path.length * STEPS_A_CHARACTER

const find = async (
  tree: SourceTree,
  { src, isGlobbingDisabled, work }: GlobRequest,
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
  const { budget, globs } = work
  const what = `src ${src.slice(0, 200)}`
  const matches = (path: string): boolean => pattern.matches(path, budget, what)
  if (followed.stat.kind !== 'directory') return matches(start) ? [start] : []
  const pass = (path: string): void => budget.step(stepsOf(path), what)
  return recall(globs, `${isPlainPath} ${start} ${text}`, async () => {
    const found: string[] = []
    if (isPlainPath) await filesBelow(tree, start, (file) => void found.push(file), pass)
    else await walkBelow({ tree, matches, pass, found }, start, true)
    return found
  })
}

/** Throws PatternError for a pattern that is not one. */
export const glob = async (tree: SourceTree, request: GlobRequest): Promise<GlobOutcome> => {
  const { src, dst, isGlobbingDisabled } = request
  const { budget } = request.work
  const found = await find(tree, request)
  if (found === 'missing') return { kind: 'missing' }
  if (found.length === 0) return { kind: 'none' }
  const hasMatchers = !isGlobbingDisabled && parsePattern(tidy(src)).literal === undefined
  const isThere = !hasMatchers && (await tree.stat(clean(src))) !== undefined
  const base = isThere ? clean(src) : dirname(commonPrefix(found))
  const matches: GlobMatch[] = []
  const leftOut: string[] = []
  for (const source of found) {
    budget.step(stepsOf(source), `src ${src.slice(0, 200)}`)
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
