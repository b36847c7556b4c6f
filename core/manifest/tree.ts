// The files a manifest names, wherever they are: on a disk, in a list of records, in a test. Paths have forward
// slashes, are clean (no `./`, no trailing slash; `.` is the working folder) and relative to it, or absolute.
import type { SourceFile } from '../model/spec.ts'
import { dirname, join } from './paths.ts'

interface Attributes {
  /** 0o7777 */
  readonly mode: number
  readonly mtimeSeconds: number
}

export type SourceStat =
  | (Attributes & { readonly kind: 'file'; readonly sizeBytes: number })
  | (Attributes & { readonly kind: 'directory' })
  | (Attributes & { readonly kind: 'symlink'; readonly target: string })
  /** A socket, pipe or device: nothing that can be packed. */
  | (Attributes & { readonly kind: 'other' })

export interface SourceChild {
  readonly name: string
  readonly kind: SourceStat['kind']
}

export interface SourceTree {
  /** What stands at the path itself: a symlink is not followed. Undefined: nothing. */
  stat(path: string): Promise<SourceStat | undefined>
  /** Of a directory, sorted by name. */
  list(path: string): Promise<readonly SourceChild[]>
  /** Bytes of a file that stat has shown to be one. Reading throws StreamFault when it is no longer the same. */
  open(path: string): Promise<SourceFile>
}

/** Linux gives up after 40 links too (path_resolution(7)). */
const MAX_LINKS = 40

export interface Followed {
  readonly path: string
  readonly stat: SourceStat
}

/** What a path leads to after every symlink at its end. */
export const follow = async (tree: SourceTree, start: string): Promise<Followed | undefined> => {
  let path = start
  for (let links = 0; links <= MAX_LINKS; links++) {
    const stat = await tree.stat(path)
    if (stat?.kind !== 'symlink') return stat && { path, stat }
    path = stat.target.startsWith('/') ? join(stat.target) : join(dirname(path), stat.target)
  }
  return undefined
}

/** Everything below a directory that is no directory, depth first by name; `pass` hears of folders too. */
export const filesBelow = async (
  tree: SourceTree,
  directory: string,
  take: (path: string) => void,
  pass: (path: string) => void,
): Promise<void> => {
  for (const child of await tree.list(directory)) {
    const path = join(directory, child.name)
    pass(path)
    // Symlinks are not entered.
    if (child.kind === 'directory') await filesBelow(tree, path, take, pass)
    else take(path)
  }
}
