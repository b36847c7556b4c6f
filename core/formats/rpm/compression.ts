// How a payload is compressed, and what its header says of it (rpm's build/pack.cc).
import type { Codec } from '../../tools.ts'
import { type Dependency, rpmlib } from './relations.ts'

export interface Compression {
  readonly codec: Codec
  readonly level: number
  /** PAYLOADCOMPRESSOR. A plain payload has none: rpm then reads it as gzip, which passes plain bytes through. */
  readonly word: string | undefined
  readonly requires: readonly Dependency[]
}

/** Every rpm since 3.0 reads gzip; zstd needs 4.14, so EL 7, Amazon Linux 2 and SLES 12 would be left out. */
const DEFAULT_COMPRESSION = 'gzip'

/** nFPM's names for zstd levels, by the numbers its library takes them for. */
const ZSTD_LEVELS: Readonly<Record<string, number>> = { fastest: 1, default: 3, better: 7, best: 11 }
const DEFAULT_LEVELS = { none: 0, gzip: 6, xz: 6, zstd: 3 } as const

const codecOf = (name: string): keyof typeof DEFAULT_LEVELS => {
  // Every rpm that reads lzma and is not 16 years old reads xz, which is lzma with checksums.
  if (name === 'lzma' || name === 'xz') return 'xz'
  return name === 'zstd' || name === 'none' ? name : 'gzip'
}

const REQUIRES: Readonly<Record<string, readonly Dependency[]>> = {
  xz: [rpmlib('PayloadIsXz', '5.2-1')],
  zstd: [rpmlib('PayloadIsZstd', '5.4.18-1')],
}

/** The block's schema has already said yes to the word. */
export const compressionOf = (setting = DEFAULT_COMPRESSION): Compression => {
  const [name = '', levelWord] = setting.split(':')
  const codec = codecOf(name)
  const stated = levelWord === undefined || levelWord === '-1' ? undefined : (ZSTD_LEVELS[levelWord] ?? +levelWord)
  return {
    codec,
    level: stated ?? DEFAULT_LEVELS[codec],
    word: codec === 'none' ? undefined : codec,
    requires: REQUIRES[codec] ?? [],
  }
}
