// What is made of files and takes long, kept until one of them changes: bundles, and wrangler's reading of its
// configuration. A kept text is used only where each of its files has the bytes it had: modification times, which git,
// npm and rsync set as they like, decide nothing.
import { createHash, randomUUID } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { ROOT } from './root.ts'

export interface Made {
  readonly text: string
  /** Every file that has a part in it, below ROOT or absolute. One that is not there is a part, too: it might come. */
  readonly inputs: readonly string[]
  /** Files that the text names beside itself. A name stands for its bytes: it has their hash in it. */
  readonly parts?: Readonly<Record<string, string>>
}

export interface Kept {
  readonly text: string
  /** The text and one line of comment: JavaScript may be run from here. Absent: it could not be kept. */
  readonly file?: string
}

export interface Keeping {
  /** One of a kind in `folder`. */
  readonly name: string
  readonly folder?: string
  readonly make: () => Promise<Made>
}

interface Label {
  /** The checkout's place may stand in the text: one that was moved or copied makes its own. */
  readonly root: string
  readonly inputs: readonly string[]
  /** Names of files beside it. */
  readonly parts: readonly string[]
  /** Of all these. */
  readonly filesSha256: string
  readonly textSha256: string
}

const FOLDER = join(ROOT, 'node_modules/.cache/distropack')
const LABEL_START = '\n// '
/** Coarser clocks of file systems than the process has: Linux stamps files at its timer's tick, 10 ms at most. */
const CLOCK_MS = 20

const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex')

const readIfThere = (file: string): Buffer | undefined => {
  try {
    return readFileSync(resolve(ROOT, file))
  } catch {
    return undefined // What must be there and cannot be read, `make` says better.
  }
}

/** Of names and bytes, each with its length, so that no two lists of files look alike. */
const digestOf = (files: readonly string[]): string => {
  const hash = createHash('sha256')
  for (const file of files) {
    const bytes = readIfThere(file)
    hash.update(`${file}\0${bytes ? bytes.length : 'absent'}\0`)
    if (bytes) hash.update(bytes)
  }
  return hash.digest('hex')
}

const beside = (file: string, names: readonly string[]): readonly string[] =>
  names.map((name) => join(dirname(file), name))

const read = (file: string): string | undefined => {
  const whole = readIfThere(file)
  const end = whole?.lastIndexOf(LABEL_START) ?? -1
  if (!whole || end < 0) return undefined
  try {
    const { root, inputs, parts, filesSha256, textSha256 } = JSON.parse(
      whole.toString('utf8', end + LABEL_START.length),
    ) as Label
    if (root !== ROOT) return undefined
    const bytes = whole.subarray(0, end)
    const isWhole = sha256(bytes) === textSha256 && digestOf([...inputs, ...beside(file, parts)]) === filesSha256
    return isWhole ? bytes.toString('utf8') : undefined
  } catch {
    return undefined // Cut off or damaged: made anew.
  }
}

/** ctime, which nobody can set back. */
const changedAfter = (timeMs: number, inputs: readonly string[]): boolean =>
  inputs.some((input) => (statSync(resolve(ROOT, input), { throwIfNoEntry: false })?.ctimeMs ?? 0) > timeMs - CLOCK_MS)

/** In one step: whoever reads meanwhile sees the file before, or this one. */
const writeWhole = (file: string, text: string): void => {
  const draft = `${file}.${randomUUID()}`
  try {
    writeFileSync(draft, text)
    renameSync(draft, file)
  } finally {
    if (existsSync(draft)) rmSync(draft)
  }
}

const write = (file: string, { text, inputs, parts = {} }: Made, inputsChanged: () => boolean): boolean => {
  const names = Object.keys(parts)
  try {
    mkdirSync(dirname(file), { recursive: true })
    for (const name of names) writeWhole(join(dirname(file), name), parts[name] ?? '')
    const filesSha256 = digestOf([...inputs, ...beside(file, names)])
    if (inputsChanged()) return false
    const label: Label = { root: ROOT, inputs, parts: names, filesSha256, textSha256: sha256(Buffer.from(text)) }
    writeWhole(file, `${text}${LABEL_START}${JSON.stringify(label)}\n`)
    return true
  } catch {
    return false // A checkout of somebody else's, or a full disk: it works without, and takes longer.
  }
}

/** The kept text, or the one `make` makes, kept for the next time. Processes beside each other may both make it. */
export const keep = async ({ name, make, folder = FOLDER }: Keeping): Promise<Kept> => {
  const file = join(folder, name)
  const found = read(file)
  if (found !== undefined) return { text: found, file }
  const startedAtMs = Date.now()
  const made = await make()
  // A file that changed meanwhile is hashed as it is now, and may be in the text as it was.
  const isKept = write(file, made, () => changedAfter(startedAtMs, made.inputs))
  return isKept ? { text: made.text, file } : { text: made.text }
}
