// What a stranger's bytes and words may cost whoever reads them. Code that reads them takes a budget and spends from it
// before it works; a spent budget ends as a fault that names what was too much. No clock and no I/O: the host hands in
// the time, and the signal of a caller who may leave.
import { StreamFault } from './bytes/stream-fault.ts'

/** Of one budget; what is not limited is not counted. */
export interface Limits {
  /** All that is decompressed, however deep it is packed. */
  readonly unpackedBytes: number
  /** Members of archives, files and folders of a package. */
  readonly entries: number
  /** One path, and one link's target. Linux takes no longer one (limits.h, PATH_MAX). */
  readonly onePathBytes: number
  /** Folders in one path. */
  readonly depth: number
  /** All paths together. */
  readonly pathBytes: number
  /** Small pieces of work, of some nanoseconds each: a character matched, a number read. */
  readonly steps: number
  /** From the first look at the clock. */
  readonly milliseconds: number
}

export interface BudgetHost {
  /** Aborted when nobody waits for the work any more: then its reason is thrown. */
  readonly signal?: AbortSignal | undefined
  readonly nowMs?: () => number
}

export interface Budget {
  /** Throws the signal's reason when the caller has left, and the fault when time is up. */
  check(): void
  /** `part` names what is being unpacked, for the fault. */
  unpack(bytes: number, part: string): void
  /** A path that a package or an archive has. */
  entry(path: string): void
  /** A path that is looked at and not kept: too long is a fault here too, and nothing is counted. */
  path(path: string): void
  /** `what` names what the work is for: an entry of a manifest, a list of a header. */
  step(count: number, what: string): void
  /** For one package of a request: entries and paths are counted anew, steps and time go on. */
  forPackage(): Budget
}

const MIB = 1024 * 1024

/**
 * A path's sizes hold for every budget. All of them stand in one index entry, which a Worker of 128 MB parses: Debian's
 * largest package has 150,000 paths with 11 MB.
 */
const PATHS = { entries: 250_000, onePathBytes: 4096, depth: 256 } as const
const PATHS_MOST_BYTES = 16 * MIB
const PATHS_FLOOR_BYTES = 2 * MIB

/**
 * What a finished package may unpack to, and its names come to. The largest honest ratios are near 40 (generated HTML
 * under xz), and a small package may hold a padded image; deflate goes up to 1,032, zstd beyond 30,000, bzip2 beyond a
 * million. With these numbers the dearest package costs at most ten times what an honest one of its size does
 * (`npm run bench`).
 */
const UNPACK_RATIO = 64
const UNPACK_FLOOR_BYTES = 16 * MIB
const UNPACK_MOST_BYTES = 64 * 1024 * MIB

/** For reading one finished package of so many bytes. */
export const packageLimits = (packedBytes: number): Limits => ({
  ...PATHS,
  unpackedBytes: Math.min(UNPACK_MOST_BYTES, Math.max(UNPACK_FLOOR_BYTES, packedBytes * UNPACK_RATIO)),
  pathBytes: Math.min(PATHS_MOST_BYTES, Math.max(PATHS_FLOOR_BYTES, packedBytes * UNPACK_RATIO)),
  steps: 50_000_000,
  milliseconds: 10 * 60 * 1000,
})

/** For resolving one manifest, for all its targets. */
export const REQUEST_LIMITS: Limits = {
  ...PATHS,
  pathBytes: PATHS_MOST_BYTES,
  unpackedBytes: UNPACK_FLOOR_BYTES,
  steps: 300_000_000,
  milliseconds: 60 * 1000,
}

const encoder = new TextEncoder()
/** Only ASCII has as many bytes as characters; four bytes never take one character. */
const byteLength = (text: string): number => (isAscii(text) ? text.length : encoder.encode(text).length)
// biome-ignore lint/suspicious/noControlCharactersInRegex: all of ASCII
const isAscii = (text: string): boolean => /^[\u0000-\u007f]*$/.test(text)

const depthOf = (path: string): number => {
  let depth = 0
  for (let at = path.indexOf('/'); at !== -1; at = path.indexOf('/', at + 1)) depth += 1
  return depth
}

const start = (path: string): string => JSON.stringify(path.length > 80 ? `${path.slice(0, 77)}...` : path)

/** Counts, for messages: 250,000. */
const written = (count: number): string => count.toLocaleString('en-US')

const spent = (message: string): StreamFault => new StreamFault(message, 'limit_exceeded')

interface Clock {
  readonly host: BudgetHost
  deadlineMs: number | undefined
  steps: number
}

const checkClock = ({ signal, nowMs }: BudgetHost, clock: Clock, limits: Limits): void => {
  signal?.throwIfAborted()
  if (!nowMs) return
  const now = nowMs()
  clock.deadlineMs ??= now + limits.milliseconds
  if (now <= clock.deadlineMs) return
  const seconds = written(limits.milliseconds / 1000)
  throw spent(`Reading this takes more than ${seconds} seconds; more is not spent on one package. Make it smaller.`)
}

const checkPath = (path: string, limits: Limits): number => {
  const bytes = byteLength(path)
  if (bytes > limits.onePathBytes) {
    const most = written(limits.onePathBytes)
    throw spent(`The path ${start(path)} has ${written(bytes)} bytes; ${most} are allowed. Shorten it.`)
  }
  if (depthOf(path) > limits.depth) {
    throw spent(`The path ${start(path)} has more than ${limits.depth} folders in it. Make it less deep.`)
  }
  return bytes
}

/** Clock reads are cheap and not free: one in so many steps. */
const STEPS_A_LOOK = 65_536

const openBudget = (limits: Limits, clock: Clock): Budget => {
  let unpackedBytes = 0
  let entries = 0
  let pathBytes = 0
  const check = (): void => checkClock(clock.host, clock, limits)
  return {
    check,
    unpack(bytes, part) {
      unpackedBytes += bytes
      check()
      if (unpackedBytes <= limits.unpackedBytes) return
      const most = written(limits.unpackedBytes)
      throw spent(`${part} unpacks to more than ${most} bytes, the most for a package of its size. Pack less into it.`)
    },
    entry(path) {
      entries += 1
      pathBytes += checkPath(path, limits)
      if (entries % 1024 === 0) check()
      if (entries > limits.entries) {
        const most = written(limits.entries)
        throw spent(`There are more than ${most} files and folders; ${start(path)} is one too many. Split the package.`)
      }
      if (pathBytes > limits.pathBytes) {
        const most = written(limits.pathBytes)
        throw spent(`Paths have more than ${most} bytes in all; ${start(path)} is one too many. Split the package.`)
      }
    },
    path: (path) => void checkPath(path, limits),
    step(count, what) {
      const before = clock.steps
      clock.steps += count
      if (clock.steps > limits.steps) {
        throw spent(`${what} takes more work than one request may ask for. Write simpler patterns, or fewer.`)
      }
      if (Math.floor(before / STEPS_A_LOOK) !== Math.floor(clock.steps / STEPS_A_LOOK)) check()
    },
    forPackage: () => openBudget(limits, clock),
  }
}

export const createBudget = (limits: Limits, host: BudgetHost = {}): Budget =>
  openBudget(limits, { host, deadlineMs: undefined, steps: 0 })
