// A folder of this machine as a SourceTree. Symlinks are read, never followed here: manifest rules decide that.
import { closeSync, createReadStream, lstatSync, openSync, readdirSync, readlinkSync, readSync } from 'node:fs'
import { resolve } from 'node:path'
import { catchStreamFaults, StreamFault } from '@distropack/core/bytes/stream-fault.ts'
import type { Fault } from '@distropack/core/fault.ts'
import type { SourceChild, SourceStat, SourceTree } from '@distropack/core/manifest/tree.ts'
import type { ByteSource } from '@distropack/core/model/spec.ts'
import { ok, type Result } from '@distropack/core/result.ts'
import { type Digest, digestOf } from './hashes.ts'

const READ_BYTES = 256 * 1024
/**
 * Up to this size a file is read at once, and without giving up the thread: a stream costs a millisecond, which is a
 * hundred times the reading. Also looked at so: a package of 100,000 files has 100,000 of them.
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

/** One byte more than it may have is asked for, so that a file that grew shows. */
const readSmall = (absolutePath: string, sizeBytes: number): Uint8Array => {
  const file = openSync(absolutePath, 'r')
  try {
    const bytes = new Uint8Array(sizeBytes + 1)
    let length = 0
    while (length < bytes.length) {
      const read = readSync(file, bytes, length, bytes.length - length, null)
      if (read === 0) break
      length += read
    }
    return bytes.subarray(0, length)
  } finally {
    closeSync(file)
  }
}

const changed = (path: string) => new StreamFault(`${path} changed while it was read; build again`, 'source_changed')

/** Bytes of a file that must still have the size it was listed with. */
async function* readFileExactly(absolutePath: string, path: string, sizeBytes: number): ByteSource {
  if (sizeBytes <= SMALL_FILE_BYTES) {
    const bytes = readSmall(absolutePath, sizeBytes)
    if (bytes.length !== sizeBytes) throw changed(path)
    if (sizeBytes > 0) yield bytes
    return
  }
  let readBytes = 0
  for await (const chunk of createReadStream(absolutePath, { highWaterMark: READ_BYTES })) {
    readBytes += (chunk as Uint8Array).length
    if (readBytes > sizeBytes) break
    yield chunk as Uint8Array
  }
  if (readBytes !== sizeBytes) throw changed(path)
}

/** `sizeBytes`: what it was listed with; a file that has another size by now is a fault. */
export const digestOfFile = (root: string, path: string, sizeBytes: number): Promise<Result<Digest, Fault>> =>
  catchStreamFaults(async () => ok(await digestOf(readFileExactly(resolve(root, path), path, sizeBytes))))

/** `root`: the folder relative paths start from. */
export const folderTree = (root: string): SourceTree => {
  /** Whoever opens a file has just looked at it; reading it tells whether it is still that size. */
  let seen: { readonly path: string; readonly sizeBytes: number } | undefined
  return {
    async stat(path) {
      const absolutePath = resolve(root, path)
      try {
        const stats = lstatSync(absolutePath, { throwIfNoEntry: false })
        if (!stats) return undefined
        const attributes = { mode: stats.mode & 0o7777, mtimeSeconds: Math.floor(stats.mtimeMs / 1000) }
        const kind = kindOf(stats)
        if (kind === 'file') {
          seen = { path, sizeBytes: stats.size }
          return { kind, ...attributes, sizeBytes: stats.size }
        }
        if (kind === 'symlink') return { kind, ...attributes, target: readlinkSync(absolutePath) }
        return { kind, ...attributes }
      } catch (error) {
        if (isAbsent(error)) return undefined
        throw error
      }
    },
    async list(path) {
      const entries = readdirSync(resolve(root, path), { withFileTypes: true })
      const children = entries.map((entry): SourceChild => ({ name: entry.name, kind: kindOf(entry) }))
      return children.sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0))
    },
    async open(path) {
      const absolutePath = resolve(root, path)
      const sizeBytes = seen?.path === path ? seen.sizeBytes : lstatSync(absolutePath).size
      return { sizeBytes, open: () => readFileExactly(absolutePath, path, sizeBytes) }
    },
  }
}
