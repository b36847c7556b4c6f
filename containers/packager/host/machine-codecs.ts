// zstd(1) and xz(1) of this machine, for a Node that has neither: its zlib learned zstd with 22.15, and npm leaves the xz
// binding out below 22.20. Valid files, of other bytes than the built-in codecs write.
import { spawn } from 'node:child_process'
import { Duplex } from 'node:stream'
import { StreamFault } from '@distropack/core/bytes/stream-fault.ts'
import type { ByteSource } from '@distropack/core/model/spec.ts'
import { through } from './streams.ts'

/** What the built-in decoder takes at most, and what it needs besides. */
const XZ_MEMORY = '--memlimit-decompress=300MiB'
const ZSTD_ULTRA_LEVEL = 20

const COMMANDS = {
  zstd: {
    compress: (level: number) => ['-q', '-c', '-T1', ...(level < ZSTD_ULTRA_LEVEL ? [] : ['--ultra']), `-${level}`],
    decompress: ['-q', '-d', '-c'],
  },
  // One block has one dictionary: readers need no more memory than for the built-in encoder's.
  xz: { compress: (level: number) => ['-q', '-c', '-T1', `-${level}`], decompress: ['-q', '-d', '-c', XZ_MEMORY] },
} as const

export type MachineCodec = keyof typeof COMMANDS

const missing = (program: MachineCodec): StreamFault =>
  new StreamFault(
    `Node ${process.versions.node} has no ${program}, and this machine has no program ${program}: install it, use Node 22.20 or newer, or choose gzip.`,
    'codec_missing',
  )

async function* throughProgram(program: MachineCodec, args: readonly string[], source: ByteSource): ByteSource {
  const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'] })
  let words = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    words = `${words}${text}`.slice(0, 1000)
  })
  const ended = new Promise<void>((resolve, reject) => {
    child.once('error', (error: NodeJS.ErrnoException) => reject(error.code === 'ENOENT' ? missing(program) : error))
    child.once('close', (status) =>
      status === 0 ? resolve() : reject(new Error(`${program}: ${words.trim() || `ended with status ${status}`}`)),
    )
  })
  ended.catch(() => {})
  let isWholeRead = false
  // A program that is not there, or has had enough, breaks its pipes: why it did says more than that they broke.
  let sourceError: { readonly error: unknown } | undefined
  async function* watched(): ByteSource {
    try {
      yield* source
    } catch (error) {
      sourceError = { error }
      throw error
    }
  }
  try {
    yield* through(watched(), Duplex.from({ writable: child.stdin, readable: child.stdout }))
    isWholeRead = true
  } catch (error) {
    if (sourceError) throw sourceError.error
    await ended
    throw error
  } finally {
    if (!isWholeRead) child.kill()
  }
  await ended
}

export const compressByProgram = (program: MachineCodec, source: ByteSource, level: number): ByteSource =>
  throughProgram(program, COMMANDS[program].compress(level), source)

export const decompressByProgram = (program: MachineCodec, source: ByteSource): ByteSource =>
  throughProgram(program, COMMANDS[program].decompress, source)
