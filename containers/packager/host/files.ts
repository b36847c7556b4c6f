// Files of this machine behind core's ports: a sink, a spool, a file that can be read anywhere in it.
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import type { ByteSource } from '@distropack/core/model/spec.ts'
import type { ByteSink, SeekableFile, Spool } from '@distropack/core/tools.ts'
import type { Digest } from './hashes.ts'

const READ_BYTES = 256 * 1024

const writeAll = async (file: FileHandle, chunk: Uint8Array): Promise<void> => {
  for (let written = 0; written < chunk.length; ) {
    written += (await file.write(chunk, written)).bytesWritten
  }
}

export interface FileSink extends ByteSink {
  readonly sizeBytes: number
  close(): Promise<void>
}

/** A new file; one that is there already is an error, and so is writing after the signal. */
export const fileSink = async (path: string, signal?: AbortSignal): Promise<FileSink> => {
  const file = await open(path, 'wx', 0o644)
  let sizeBytes = 0
  return {
    get sizeBytes() {
      return sizeBytes
    },
    async write(chunk) {
      signal?.throwIfAborted()
      sizeBytes += chunk.length
      await writeAll(file, chunk)
    },
    close: () => file.close(),
  }
}

export interface HashedFileSink extends ByteSink {
  /** Closes the file. */
  finish(): Promise<Digest>
  close(): Promise<void>
}

/** The same, for bytes whose digest nobody else takes. */
export const hashedFileSink = async (path: string, signal?: AbortSignal): Promise<HashedFileSink> => {
  const sink = await fileSink(path, signal)
  const state = createHash('sha256')
  return {
    write(chunk) {
      state.update(chunk)
      return sink.write(chunk)
    },
    async finish() {
      await sink.close()
      return { sha256: state.digest('hex'), sizeBytes: sink.sizeBytes }
    },
    close: () => sink.close(),
  }
}

export interface FileSpool extends Spool {
  close(): Promise<void>
}

export const fileSpool = async (path: string, signal?: AbortSignal): Promise<FileSpool> => {
  const file = await open(path, 'wx+', 0o600)
  let sizeBytes = 0
  return {
    get sizeBytes() {
      return sizeBytes
    },
    async write(chunk) {
      signal?.throwIfAborted()
      sizeBytes += chunk.length
      await writeAll(file, chunk)
    },
    read: () => readRange(path, 0, sizeBytes),
    close: () => file.close(),
  }
}

async function* readRange(path: string, offset: number, lengthBytes: number, signal?: AbortSignal): ByteSource {
  if (lengthBytes <= 0) return
  const stream = createReadStream(path, { start: offset, end: offset + lengthBytes - 1, highWaterMark: READ_BYTES })
  for await (const chunk of stream) {
    signal?.throwIfAborted()
    yield chunk as Uint8Array
  }
}

export interface OpenFile extends SeekableFile {
  close(): Promise<void>
}

/** Reading it as a stream ends with the signal. */
export const openSeekable = async (path: string, signal?: AbortSignal): Promise<OpenFile> => {
  const file = await open(path, 'r')
  const { size } = await file.stat()
  return {
    sizeBytes: size,
    async read(offset, lengthBytes) {
      const bytes = new Uint8Array(Math.max(0, Math.min(lengthBytes, size - offset)))
      let length = 0
      while (length < bytes.length) {
        const { bytesRead } = await file.read(bytes, length, bytes.length - length, offset + length)
        if (bytesRead === 0) break
        length += bytesRead
      }
      return bytes.subarray(0, length)
    },
    stream: (offset = 0, lengthBytes = size - offset) => readRange(path, offset, lengthBytes, signal),
    close: () => file.close(),
  }
}
