// A SourceTree written out as a literal, for tests of whatever reads one.
import type { SourceFile } from '../model/spec.ts'
import { dirname } from './paths.ts'
import type { SourceStat, SourceTree } from './tree.ts'

/** Text of a file, or all of it. A path that ends with a slash is an empty folder. */
export type MemoryNode =
  | string
  | { readonly text?: string; readonly target?: string; readonly mode?: number; readonly mtimeSeconds?: number }

/** Times and modes of what says none: 1,600,000,000; 0o644, folders 0o755. */
const MTIME_SECONDS = 1_600_000_000

export const memoryTree = (nodes: Readonly<Record<string, MemoryNode>>): SourceTree => {
  const stats = new Map<string, SourceStat>()
  const texts = new Map<string, Uint8Array>()
  const addFolders = (path: string): void => {
    for (let folder = dirname(path); !stats.has(folder); folder = dirname(folder)) {
      stats.set(folder, { kind: 'directory', mode: 0o755, mtimeSeconds: MTIME_SECONDS })
    }
  }
  for (const [name, node] of Object.entries(nodes)) {
    const path = name.replace(/\/$/, '')
    const { text = '', target, mode, mtimeSeconds = MTIME_SECONDS } = typeof node === 'string' ? { text: node } : node
    const bytes = new TextEncoder().encode(text)
    if (name.endsWith('/')) stats.set(path, { kind: 'directory', mode: mode ?? 0o755, mtimeSeconds })
    else if (target !== undefined) stats.set(path, { kind: 'symlink', mode: 0o777, mtimeSeconds, target })
    else stats.set(path, { kind: 'file', mode: mode ?? 0o644, mtimeSeconds, sizeBytes: bytes.length })
    texts.set(path, bytes)
    addFolders(path)
  }
  return {
    stat: async (path) => stats.get(path),
    list: async (folder) =>
      [...stats]
        .filter(([path]) => path !== folder && dirname(path) === folder)
        .map(([path, { kind }]) => ({ name: path.slice(path.lastIndexOf('/') + 1), kind }))
        .sort((a, b) => (a.name < b.name ? -1 : 1)),
    async open(path): Promise<SourceFile> {
      const bytes = texts.get(path)
      if (!bytes) throw new Error(`${path} was opened but is not there`)
      return {
        sizeBytes: bytes.length,
        async *open() {
          yield bytes.slice()
        },
      }
    },
  }
}
