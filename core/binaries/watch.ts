// Looks at programs as they pass into a package: one for another machine ends the build, one that asks for a libc the
// distribution does not have is warned of. Holds the first bytes of a file and a few more, never the file.
import { StreamFault } from '../bytes/stream-fault.ts'
import type { Format } from '../format.ts'
import type { Architecture } from '../model/arch.ts'
import type { ByteSource, PackagedItem, PackageSpec, SourceFile } from '../model/spec.ts'
import { quoteForMessage } from '../text/line.ts'
import { type Warn, type Warning, warning } from '../warning.ts'
import { type ElfHead, isElf, readElfHead, readNeeded } from './elf.ts'
import { architectureOfWord, judgeMachine, nameMachine } from './machines.ts'

/** Program headers, the loader's name and, in what linkers make, the names of libraries stand here. */
const FIRST_BYTES = 256 * 1024

/** A range of the file, filled as its bytes pass; takes no more room than they do. */
class Range {
  private held = new Uint8Array(0)
  private end = 0
  private readonly offset: number
  private readonly maxBytes: number
  constructor(offset: number, maxBytes: number) {
    this.offset = offset
    this.maxBytes = maxBytes
  }
  take(chunk: Uint8Array, at: number): void {
    const from = Math.max(at, this.offset)
    const to = Math.min(at + chunk.length, this.offset + this.maxBytes)
    if (from >= to) return
    this.grow(to - this.offset)
    this.held.set(chunk.subarray(from - at, to - at), from - this.offset)
    this.end = Math.max(this.end, to - this.offset)
  }
  private grow(sizeBytes: number): void {
    if (sizeBytes <= this.held.length) return
    const larger = new Uint8Array(Math.min(this.maxBytes, Math.max(sizeBytes, 2 * this.held.length)))
    larger.set(this.held)
    this.held = larger
  }
  /** From the range's start; what has not passed is zeros. */
  get bytes(): Uint8Array {
    return this.held.subarray(0, this.end)
  }
}

export interface Binary {
  readonly path: string
  readonly head: ElfHead
  readonly needed: readonly string[]
}

interface Watcher {
  /** As soon as the first bytes are there: before more of the package is written. */
  readonly onHead: (path: string, head: ElfHead) => void
  readonly onEnd: (binary: Binary) => void
}

/** Enough for every program's headers, and little to wait for. */
const HEAD_BYTES = 64 * 1024

/** One ELF file as its bytes pass. */
class PassingBinary {
  private readonly path: string
  private readonly watcher: Watcher
  private readonly first = new Range(0, FIRST_BYTES)
  private at = 0
  private head: ElfHead | undefined
  private dynamic: Range | undefined

  constructor(path: string, watcher: Watcher) {
    this.path = path
    this.watcher = watcher
  }

  take(chunk: Uint8Array): void {
    this.first.take(chunk, this.at)
    this.dynamic?.take(chunk, this.at)
    this.at += chunk.length
    if (!this.head && this.at >= HEAD_BYTES) this.readHead(chunk)
  }

  private readHead(chunk: Uint8Array): void {
    const present = this.first.bytes
    this.head = readElfHead(present)
    if (!this.head) return
    this.watcher.onHead(this.path, this.head)
    if (!this.head.dynamic) return
    this.dynamic = new Range(this.head.dynamic.offset, this.head.dynamic.sizeBytes)
    this.dynamic.take(present, 0)
    this.dynamic.take(chunk, this.at - chunk.length)
  }

  end(): void {
    if (!this.head) this.readHead(new Uint8Array(0))
    if (!this.head) return
    const needed = this.dynamic ? readNeeded(this.head, this.first.bytes, this.dynamic.bytes) : []
    this.watcher.onEnd({ path: this.path, head: this.head, needed })
  }
}

/** The same bytes; what is no ELF file passes untouched. */
export async function* watchBinary(path: string, source: ByteSource, watcher: Watcher): ByteSource {
  let isFirst = true
  let binary: PassingBinary | undefined
  for await (const chunk of source) {
    if (isFirst && isElf(chunk)) binary = new PassingBinary(path, watcher)
    isFirst = false
    binary?.take(chunk)
    yield chunk
  }
  binary?.end()
}

/** The same for a file that is there at once. */
const watchWhole = (path: string, bytes: Uint8Array, watcher: Watcher): Uint8Array => {
  if (!isElf(bytes)) return bytes
  const binary = new PassingBinary(path, watcher)
  binary.take(bytes)
  binary.end()
  return bytes
}

const GLIBC_LOADER = /\/ld-linux[^/]*$|\/ld64\.so\.\d$|\/ld\.so\.1$/

/** The sign that a program or library is linked against glibc. */
const glibcSign = ({ head, needed }: Binary): string | undefined =>
  [head.interpreter ?? '', ...needed].find((name) => GLIBC_LOADER.test(name) || name === 'libc.so.6')

const STATIC_ADVICE =
  'Link it statically (Go: CGO_ENABLED=0; Rust: a musl target), or build it on the distribution it is for.'

/** What a musl system has to say of it, or undefined. */
export const glibcWarning = (binary: Binary, { id, libc }: Pick<Format, 'id' | 'libc'>): Warning | undefined => {
  const sign = libc === 'musl' ? glibcSign(binary) : undefined
  if (sign === undefined) return undefined
  const what = `${quoteForMessage(binary.path)} needs glibc (${sign}), which systems that install ${id} packages do not have.`
  return warning('binary_needs_glibc', `${what} ${STATIC_ADVICE}`)
}

/** What a package for `architecture` thinks of its programs; `allowForeign` lifts the refusal, and says nothing then. */
const judge = (
  format: Pick<Format, 'id' | 'libc'>,
  architecture: Architecture | undefined,
  { allowForeign, warn }: { readonly allowForeign: boolean; readonly warn: Warn },
): Watcher => ({
  onHead(path, head) {
    const verdict = architecture === undefined || allowForeign ? 'fits' : judgeMachine(head, architecture)
    const what = `${quoteForMessage(path)} is a program for ${nameMachine(head)}`
    if (verdict === 'foreign') {
      const message = `${what}, but the package is for ${architecture}. Pack the one for it; \`allow_foreign_binaries: true\` packs this one all the same.`
      throw new StreamFault(message, 'binary_foreign')
    }
    if (verdict === 'bound') {
      warn(warning('binary_in_all', `${what}, but the package is for all architectures: name the one it is for.`))
    }
  },
  onEnd(binary) {
    const glibc = glibcWarning(binary, format)
    if (glibc) warn(glibc)
  },
})

/** A file whose bytes are watched as they are read. There may be 100,000: nothing is made for each but this. */
class WatchedFile implements SourceFile {
  private readonly path: string
  private readonly source: SourceFile
  private readonly watcher: Watcher
  constructor(path: string, source: SourceFile, watcher: Watcher) {
    this.path = path
    this.source = source
    this.watcher = watcher
  }

  get sizeBytes(): number {
    return this.source.sizeBytes
  }

  open(): ByteSource {
    return watchBinary(this.path, this.source.open(), this.watcher)
  }

  whole(): ReturnType<NonNullable<SourceFile['whole']>> {
    const bytes = this.source.whole?.()
    if (bytes instanceof Promise) return bytes.then((later) => watchWhole(this.path, later, this.watcher))
    return bytes && watchWhole(this.path, bytes, this.watcher)
  }
}

/** The spec with every file's bytes watched as they are read. */
export const watchBinaries = (spec: PackageSpec, format: Pick<Format, 'id' | 'libc'>, warn: Warn): PackageSpec => {
  const architecture = spec.architectureOverride ? architectureOfWord(spec.architectureOverride) : spec.architecture
  const watcher = judge(format, architecture, { allowForeign: spec.allowForeignBinaries ?? false, warn })
  const watched = (item: PackagedItem): PackagedItem =>
    'source' in item ? { ...item, source: new WatchedFile(item.path, item.source, watcher) } : item
  return { ...spec, items: spec.items.map(watched) }
}
