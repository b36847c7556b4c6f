// What one machine resolved, another resolves again: a tree that notes what is looked at, and a tree made of those
// notes. Only what resolve uses is noted, so a file beside the ones a glob takes never leaves the machine.
import type { Budget } from '../budget.ts'
import { StreamFault } from '../bytes/stream-fault.ts'
import type { SourceRecord } from '../contract/sources.ts'
import type { ByteSource, SourceFile } from '../model/spec.ts'
import { dirname } from './paths.ts'
import type { SourceChild, SourceStat, SourceTree } from './tree.ts'

type FileRecord = Extract<SourceRecord, { kind: 'file' }>
/** A record before its bytes were hashed. */
export type UnhashedRecord = Exclude<SourceRecord, { kind: 'file' }> | Omit<FileRecord, 'sha256'>

export interface RecordingTree extends SourceTree {
  /** Sorted by path. Files that were opened; folders and symlinks that were looked at. */
  records(): readonly UnhashedRecord[]
}

const toRecord = (path: string, stat: SourceStat): UnhashedRecord | undefined => {
  const { mode, mtimeSeconds } = stat
  if (stat.kind === 'file') return { kind: 'file', path, mode, mtimeSeconds, sizeBytes: stat.sizeBytes }
  if (stat.kind === 'directory') return { kind: 'directory', path, mode, mtimeSeconds }
  if (stat.kind === 'symlink') return { kind: 'symlink', path, mode, mtimeSeconds, target: stat.target }
  return undefined
}

export const recordingTree = (tree: SourceTree): RecordingTree => {
  const noted = new Map<string, SourceStat>()
  const note = (path: string, stat: SourceStat | undefined): void => {
    if (stat && stat.kind !== 'other') noted.set(path, stat)
  }
  return {
    async stat(path) {
      const stat = await tree.stat(path)
      if (stat?.kind !== 'file') note(path, stat)
      return stat
    },
    list: (path) => tree.list(path),
    async open(path) {
      note(path, await tree.stat(path))
      return tree.open(path)
    },
    records: () =>
      [...noted].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)).flatMap(([path, stat]) => toRecord(path, stat) ?? []),
  }
}

const byName = (a: SourceChild, b: SourceChild): number => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0)

/** A folder nobody looked at, known by what is in it; resolve asks for no attribute of it. */
const IMPLIED_FOLDER: SourceStat = { kind: 'directory', mode: 0o755, mtimeSeconds: 0 }

const isTop = (path: string): boolean => path === '.' || path === '/' || path === '..' || path.endsWith('/..')

const toStat = (record: SourceRecord): SourceStat => {
  const { path: _path, ...stat } = record
  return stat
}

/**
 * A tree of records; `open` gives the bytes of one file, and checks them.
 * @throws StreamFault when the folders they name cost more than the budget has.
 */
export const recordTree = (
  sources: readonly SourceRecord[],
  open: (file: FileRecord) => ByteSource,
  budget: Budget,
): SourceTree => {
  const records = new Map(sources.map((record) => [record.path, record]))
  const children = new Map<string, Map<string, SourceChild>>([['.', new Map()]])
  const adopt = (path: string, kind: SourceChild['kind']): void => {
    if (isTop(path)) return
    const folder = dirname(path)
    const siblings = children.get(folder)
    budget.step(folder.length * 4, `The source ${path.slice(0, 200)}`)
    const name = path.slice(path.lastIndexOf('/') + 1)
    if (siblings) siblings.set(name, siblings.get(name) ?? { name, kind })
    else {
      children.set(folder, new Map([[name, { name, kind }]]))
      // A symlink among the parents was recorded as such, under its own path.
      adopt(folder, records.get(folder)?.kind ?? 'directory')
    }
  }
  for (const record of sources) {
    budget.path(record.path)
    adopt(record.path, record.kind)
  }
  const sorted = new Map<string, readonly SourceChild[]>()
  const stat = (path: string): SourceStat | undefined => {
    const record = records.get(path)
    if (record) return toStat(record)
    return children.has(path) ? IMPLIED_FOLDER : undefined
  }
  return {
    stat: async (path) => stat(path),
    async list(path) {
      const known = sorted.get(path)
      if (known) return known
      const list = [...(children.get(path)?.values() ?? [])].sort(byName)
      sorted.set(path, list)
      return list
    },
    async open(path): Promise<SourceFile> {
      const record = records.get(path)
      if (record?.kind !== 'file') throw new StreamFault(`${path} was not sent with the build`, 'source_missing')
      return { sizeBytes: record.sizeBytes, sha256: record.sha256, open: () => open(record) }
    },
  }
}
