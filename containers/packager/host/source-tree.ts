// A folder of this machine as a SourceTree. Symlinks are read, never followed here: manifest rules decide that.
import { closeSync, lstatSync, openSync, readdirSync, readlinkSync, readSync } from 'node:fs'
import { resolve } from 'node:path'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { catchStreamFaults, StreamFault } from '@distropack/core/bytes/stream-fault.ts'
import type { Fault } from '@distropack/core/fault.ts'
import type { SourceChild, SourceStat, SourceTree } from '@distropack/core/manifest/tree.ts'
import type { ByteSource, SourceFile } from '@distropack/core/model/spec.ts'
import { ok, type Result } from '@distropack/core/result.ts'
import { type Digest, digestOf } from './hashes.ts'
import { openRooms } from './rooms.ts'

const READ_BYTES = 256 * 1024
/**
 * Up to this size a file is read whole, and every file is read without giving up the thread: a stream of Node's costs a
 * millisecond a file, which is a hundred times the reading.
 */
export const SMALL_FILE_BYTES = 64 * 1024

interface Kinded {
  isFile(): boolean
  isDirectory(): boolean
  isSymbolicLink(): boolean
}

const kindOf = (entry: Kinded): SourceStat['kind'] => {
  if (entry.isFile()) return 'file'
  if (entry.isDirectory()) return 'directory'
  return entry.isSymbolicLink() ? 'symlink' : 'other'
}

const isAbsent = (error: unknown): boolean => {
  const { code } = error as NodeJS.ErrnoException
  return code === 'ENOENT' || code === 'ENOTDIR' || code === 'ELOOP' || code === 'ENAMETOOLONG'
}

const readRooms = openRooms(READ_BYTES, 4)

const changed = (path: string) => new StreamFault(`${path} changed while it was read; build again`, 'source_changed')

/** Fills as much of the bytes as the file has. */
const fill = (file: number, bytes: Uint8Array): number => {
  let length = 0
  while (length < bytes.length) {
    const read = readSync(file, bytes, length, bytes.length - length, null)
    if (read === 0) break
    length += read
  }
  return length
}

/** Memory for small files side by side: one piece for hundreds of them is cheaper than one for each. */
const openShelf = () => {
  let shelf = new Uint8Array(0)
  let used = 0
  return {
    /** Room for so many bytes; all of it is kept as long as any file on it is. */
    room(lengthBytes: number): Uint8Array {
      if (lengthBytes > SMALL_FILE_BYTES + 1) return Buffer.allocUnsafeSlow(lengthBytes)
      if (used + lengthBytes > shelf.length) {
        shelf = new Uint8Array(READ_BYTES)
        used = 0
      }
      return shelf.subarray(used, used + lengthBytes)
    },
    keep(bytes: Uint8Array): void {
      if (bytes.buffer === shelf.buffer) used += bytes.length
    },
  }
}
const shelf = openShelf()

/** One byte more than it may have is asked for, so that a file that grew shows. */
const readWhole = (absolutePath: string, path: string, sizeBytes: number): Uint8Array => {
  const file = openSync(absolutePath, 'r')
  try {
    const room = shelf.room(sizeBytes + 1)
    if (fill(file, room) !== sizeBytes) throw changed(path)
    const bytes = room.subarray(0, sizeBytes)
    shelf.keep(bytes)
    return bytes
  } finally {
    closeSync(file)
  }
}

/** Bytes of a file that must still have the size it was listed with. A chunk is good until the next is asked for. */
async function* readExactly(absolutePath: string, path: string, sizeBytes: number): ByteSource {
  const file = openSync(absolutePath, 'r')
  const room = readRooms.take()
  try {
    let readBytes = 0
    for (let length = fill(file, room); length > 0; length = fill(file, room)) {
      readBytes += length
      if (readBytes > sizeBytes) break
      yield room.subarray(0, length)
    }
    if (readBytes !== sizeBytes) throw changed(path)
  } finally {
    readRooms.give(room)
    closeSync(file)
  }
}

/** `sizeBytes`: what it was listed with; a file that has another size by now is a fault. */
export const digestOfFile = (root: string, path: string, sizeBytes: number): Promise<Result<Digest, Fault>> =>
  catchStreamFaults(async () => ok(await digestOf(readExactly(resolve(root, path), path, sizeBytes))))

/** What else this process has to do waits no longer than this for small files to be read. */
const TURN_MS = 20

/** The one in a few hundred small files that lets others have the thread before it is read. */
const openTurns = () => {
  let lastMs = performance.now()
  return (): Promise<void> | undefined => {
    if (performance.now() - lastMs < TURN_MS) return undefined
    return nextTurn().then(() => {
      lastMs = performance.now()
    })
  }
}

const statOf = (absolutePath: string): SourceStat | undefined => {
  try {
    const stats = lstatSync(absolutePath, { throwIfNoEntry: false })
    if (!stats) return undefined
    const attributes = { mode: stats.mode & 0o7777, mtimeSeconds: Math.floor(stats.mtimeMs / 1000) }
    const kind = kindOf(stats)
    if (kind === 'file') return { kind, ...attributes, sizeBytes: stats.size }
    if (kind === 'symlink') return { kind, ...attributes, target: readlinkSync(absolutePath) }
    return { kind, ...attributes }
  } catch (error) {
    if (isAbsent(error)) return undefined
    throw error
  }
}

/** Also read whole, where a tree keeps what it has read. */
const KEPT_FILE_BYTES = 1024 * 1024

/** A file as the tree saw it. There may be 100,000, so each is what it is and where, and no more. */
class FolderFile implements SourceFile {
  readonly sizeBytes: number
  private readonly path: string
  private readonly folder: Folder
  private kept: Uint8Array | undefined
  constructor(folder: Folder, path: string, sizeBytes: number) {
    this.folder = folder
    this.path = path
    this.sizeBytes = sizeBytes
  }

  open(): ByteSource {
    return readExactly(this.folder.absolute(this.path), this.path, this.sizeBytes)
  }

  whole(): Uint8Array | Promise<Uint8Array> | undefined {
    if (this.kept) return this.kept
    if (this.sizeBytes > KEPT_FILE_BYTES) return undefined
    const isKept = this.folder.keep(this.sizeBytes)
    if (!isKept && this.sizeBytes > SMALL_FILE_BYTES) return undefined
    const waiting = this.folder.turn()
    return waiting ? waiting.then(() => this.read(isKept)) : this.read(isKept)
  }

  private read(isKept: boolean): Uint8Array {
    const bytes = readWhole(this.folder.absolute(this.path), this.path, this.sizeBytes)
    if (isKept) this.kept = bytes
    return bytes
  }
}

interface Folder {
  absolute(path: string): string
  /** A promise when others must have the thread first. */
  turn(): Promise<void> | undefined
  /** Whether so many bytes more may be kept for the next reader. */
  keep(sizeBytes: number): boolean
}

export interface FolderOptions {
  /** So many bytes of files stay for the next that reads them: for several targets of one command. */
  readonly keptBytes: number
}

/**
 * `root`: the folder relative paths start from. What was seen of a path holds as long as the tree does, for all targets
 * of a command: each is looked at once, and whoever reads a file finds out whether it is still the same.
 */
export const folderTree = (root: string, { keptBytes }: FolderOptions = { keptBytes: 0 }): SourceTree => {
  const seen = new Map<string, SourceStat | undefined>()
  const base = resolve(root)
  const absolute = (path: string): string => (path.startsWith('/') ? path : `${base}/${path}`)
  let freeBytes = keptBytes
  const keep = (sizeBytes: number): boolean => {
    if (sizeBytes > freeBytes) return false
    freeBytes -= sizeBytes
    return true
  }
  const folder: Folder = { absolute, turn: openTurns(), keep }
  const look = (path: string): SourceStat | undefined => {
    if (seen.has(path)) return seen.get(path)
    const stat = statOf(absolute(path))
    seen.set(path, stat)
    return stat
  }
  /** All targets of a command have the same file. */
  const files = new Map<string, FolderFile>()
  return {
    stat: async (path) => look(path),
    async list(path) {
      const entries = readdirSync(absolute(path), { withFileTypes: true })
      const children = entries.map((entry): SourceChild => ({ name: entry.name, kind: kindOf(entry) }))
      return children.sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0))
    },
    async open(path) {
      const known = files.get(path)
      if (known) return known
      const stat = look(path)
      const sizeBytes = stat?.kind === 'file' ? stat.sizeBytes : lstatSync(absolute(path)).size
      const file = new FolderFile(folder, path, sizeBytes)
      if (keptBytes > 0) files.set(path, file)
      return file
    },
  }
}
