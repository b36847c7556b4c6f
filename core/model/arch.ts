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

/** nFPM's other words (its arch-mapping page), and distributions' own ones that mean one thing everywhere. */
const ALIASES: ReadonlyMap<string, Architecture> = new Map<string, Architecture>(
  Object.entries({
    x86_64: 'amd64',
    aarch64: 'arm64',
    armv7: 'arm7',
    armhf: 'arm7',
    armv6: 'arm6',
    armv5: 'arm5',
    i386: '386',
    i686: '386',
    x86: '386',
    armv7hl: 'arm7',
    armv6hl: 'arm6',
    armel: 'arm5',
    ppc64el: 'ppc64le',
    s390: 's390x',
    loongarch64: 'loong64',
    mipsel: 'mipsle',
    mips64el: 'mips64le',
    noarch: 'all',
    any: 'all',
  } satisfies Readonly<Record<string, Architecture>>),
)

/** The architecture a person means by this word; undefined when nobody would know. */
export const parseArchitecture = (word: string): Architecture | undefined =>
  ARCHITECTURES.find((architecture) => architecture === word) ?? ALIASES.get(word)
