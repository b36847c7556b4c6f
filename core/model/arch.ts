// Architectures in Go's words (GOARCH, with nFPM's arm5/arm6/arm7 and `all`). Each format maps them to its own.

export const ARCHITECTURES = [
  'amd64',
  'arm64',
  'arm7',
  'arm6',
  'arm5',
  '386',
  'riscv64',
  'ppc64le',
  'ppc64',
  's390x',
  'loong64',
  'mips',
  'mipsle',
  'mips64',
  'mips64le',
  'all',
] as const

export type Architecture = (typeof ARCHITECTURES)[number]

const ALIASES: Readonly<Record<string, Architecture>> = {
  x86_64: 'amd64',
  aarch64: 'arm64',
  armv7: 'arm7',
  armhf: 'arm7',
  armv6: 'arm6',
  armv5: 'arm5',
  i386: '386',
  x86: '386',
  noarch: 'all',
  any: 'all',
}

/** The architecture a person means by this word; undefined when nobody would know. */
export const parseArchitecture = (word: string): Architecture | undefined =>
  ARCHITECTURES.find((architecture) => architecture === word) ?? ALIASES[word]
