// A folder of this machine as a SourceTree. Symlinks are read, never followed here: manifest rules decide that.
import { createReadStream } from 'node:fs'
import { lstat, readdir, readlink } from 'node:fs/promises'
import { resolve } from 'node:path'
import { catchStreamFaults, StreamFault } from '@distropack/core/bytes/stream-fault.ts'
import type { Fault } from '@distropack/core/fault.ts'
import type { SourceChild, SourceStat, SourceTree } from '@distropack/core/manifest/tree.ts'
import type { ByteSource } from '@distropack/core/model/spec.ts'
import { ok, type Result } from '@distropack/core/result.ts'
import { type Digest, digestOf } from './hashes.ts'

const READ_BYTES = 256 * 1024

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

/** Bytes of a file that must still have the size it was listed with. */
async function* readFileExactly(absolutePath: string, path: string, sizeBytes: number): ByteSource {
  let readBytes = 0
  for await (const chunk of createReadStream(absolutePath, { highWaterMark: READ_BYTES })) {
    readBytes += (chunk as Uint8Array).length
    if (readBytes > sizeBytes) break
    yield chunk as Uint8Array
  }
  if (readBytes !== sizeBytes) {
    throw new StreamFault(`${path} changed while it was read; build again`, 'source_changed')
  }
}

/** `sizeBytes`: what it was listed with; a file that has another size by now is a fault. */
export const digestOfFile = (root: string, path: string, sizeBytes: number): Promise<Result<Digest, Fault>> =>
  catchStreamFaults(async () => ok(await digestOf(readFileExactly(resolve(root, path), path, sizeBytes))))

/** `root`: the folder relative paths start from. */
export const folderTree = (root: string): SourceTree => ({
  async stat(path) {
    const absolutePath = resolve(root, path)
    try {
      const stats = await lstat(absolutePath)
      const attributes = { mode: stats.mode & 0o7777, mtimeSeconds: Math.floor(stats.mtimeMs / 1000) }
      const kind = kindOf(stats)
      if (kind === 'file') return { kind, ...attributes, sizeBytes: stats.size }
      if (kind === 'symlink') return { kind, ...attributes, target: await readlink(absolutePath) }
      return { kind, ...attributes }
    } catch (error) {
      if (isAbsent(error)) return undefined
      throw error
    }
  },
  async list(path) {
    const entries = await readdir(resolve(root, path), { withFileTypes: true })
    const children = entries.map((entry): SourceChild => ({ name: entry.name, kind: kindOf(entry) }))
    return children.sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0))
  },
  async open(path) {
    const absolutePath = resolve(root, path)
    const { size } = await lstat(absolutePath)
    return { sizeBytes: size, open: () => readFileExactly(absolutePath, path, size) }
  },
})
