// Which machine an architecture of a package means, in ELF's numbers (elf.h, EM_*), and how people call it.
import { ARCHITECTURES, type Architecture, parseArchitecture } from '../model/arch.ts'
import type { ElfHead } from './elf.ts'

interface Machine {
  readonly machine: number
  readonly bits: 32 | 64
  readonly isLittleEndian: boolean
}

const little = (machine: number, bits: 32 | 64): Machine => ({ machine, bits, isLittleEndian: true })
const big = (machine: number, bits: 32 | 64): Machine => ({ machine, bits, isLittleEndian: false })

const ARM = little(40, 32)
const MACHINES: Readonly<Record<Exclude<Architecture, 'all'>, Machine>> = {
  amd64: little(62, 64),
  arm64: little(183, 64),
  arm7: ARM,
  arm6: ARM,
  arm5: ARM,
  '386': little(3, 32),
  riscv64: little(243, 64),
  ppc64le: little(21, 64),
  ppc64: big(21, 64),
  s390x: big(22, 64),
  loong64: little(258, 64),
  mips: big(8, 32),
  mipsle: little(8, 32),
  mips64: big(8, 64),
  mips64le: little(8, 64),
}

const isSame = (a: Machine, b: Machine): boolean =>
  a.machine === b.machine && a.bits === b.bits && a.isLittleEndian === b.isLittleEndian

/** EM_BPF: run by the kernel of any machine. */
const EVERYWHERE: ReadonlySet<number> = new Set([0, 247])

/** `amd64`; for machines of no architecture here, their number. */
export const nameMachine = (head: ElfHead): string => {
  const name = ARCHITECTURES.find((each) => each !== 'all' && isSame(MACHINES[each], head))
  if (name) return /^arm[567]$/.test(name) ? 'arm (32 bits)' : name
  return `ELF machine ${head.machine}, ${head.bits} bits`
}

/** OpenWrt names processors: `aarch64_cortex-a53`, `mipsel_24kc`. */
const PROCESSORS: Readonly<Record<string, Architecture>> = { arm: 'arm7', i486: '386', i586: '386', powerpc64: 'ppc64' }

/** The architecture a format's own word means; undefined when nobody here knows it, so that nothing is refused for it. */
export const architectureOfWord = (word: string): Architecture | undefined => {
  const family = word.split('_')[0] ?? ''
  return parseArchitecture(word) ?? parseArchitecture(family) ?? PROCESSORS[family]
}

/** `fits`: runs there, or says nothing about where. `bound`: runs on one machine, in a package for all. */
export const judgeMachine = (head: ElfHead, architecture: Architecture): 'fits' | 'foreign' | 'bound' => {
  if (!head.isRunnable || EVERYWHERE.has(head.machine)) return 'fits'
  if (architecture === 'all') return 'bound'
  return isSame(MACHINES[architecture], head) ? 'fits' : 'foreign'
}
