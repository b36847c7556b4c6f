// The terminal: progress on stderr, a secret read without showing it, and strangers' words shown without obeying them.
import { stderr, stdin, stdout } from 'node:process'
import { createInterface } from 'node:readline'
import { collectWarnings } from '@distropack/core/warning.ts'

export interface Terminal {
  /** A sentence about what happens now. */
  say(line: string): void
  /** A bar where someone watches; lines of JSON for a program that asked for JSON; nothing where nobody looks. */
  progress(label: string, done: number, total: number, unit?: 'bytes' | 'packages'): void
  /** Undefined where nobody is there to answer. */
  ask(question: string): Promise<string | undefined>
}

/** C0 without tab and line ends, DEL, C1, and what turns the direction of the text around it. */
const OBEYED = /(?!\r?\n|\t)[\p{Cc}\u202a-\u202e\u2066-\u2069]/gu

/**
 * What a server, a package or the name of a file says, as a terminal may show it: it would obey control characters, and
 * with them a stranger moves the cursor, hides lines or fills the clipboard. In JSON, which it leaves valid, too.
 */
export const printable = (text: string): string =>
  text.replace(OBEYED, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`)

/** Whatever goes to stdout or stderr goes through these. */
export const print = (text: string): void => void stdout.write(printable(text))
export const printTrouble = (text: string): void => void stderr.write(printable(text))

/** Says each warning once, however many targets have it, and keeps them for --json. */
export const warningsOn = (terminal: Terminal) => collectWarnings(({ message }) => terminal.say(`warning: ${message}`))

const BAR_CELLS = 24
const REDRAW_MS = 100
const JSON_EVERY_MS = 1000

export const formatBytes = (bytes: number): string => {
  if (bytes < 1000) return `${bytes} B`
  const units = ['kB', 'MB', 'GB', 'TB']
  const power = Math.min(units.length, Math.floor(Math.log10(bytes) / 3))
  return `${(bytes / 1000 ** power).toFixed(1)} ${units[power - 1]}`
}

/** Ctrl-D is an empty answer. */
const askLine = async (question: string): Promise<string> => {
  const lines = createInterface({ input: stdin, output: stderr })
  try {
    lines.setPrompt(question)
    lines.prompt()
    for await (const line of lines) return line
    return ''
  } finally {
    lines.close()
  }
}

/** `isJson`: said last; the arguments are read by then. */
export const openTerminal = (isJson: () => boolean = () => false): Terminal => {
  let drawnAtMs = 0
  return {
    say: (line) => printTrouble(`${line}\n`),
    progress(label, done, total, unit = 'bytes') {
      if (!stderr.isTTY && !isJson()) return
      const isLast = done >= total
      if (!isLast && Date.now() - drawnAtMs < (isJson() ? JSON_EVERY_MS : REDRAW_MS)) return
      drawnAtMs = Date.now()
      if (isJson()) return void stderr.write(`${JSON.stringify({ progress: { label, done, total, unit } })}\n`)
      const share = total === 0 ? 1 : done / total
      const cells = Math.round(share * BAR_CELLS)
      const bar = '#'.repeat(cells).padEnd(BAR_CELLS, '.')
      const counted = (count: number): string => (unit === 'bytes' ? formatBytes(count) : `${count} ${unit}`)
      stderr.write(`\r${printable(label)} [${bar}] ${counted(done)} of ${counted(total)}\u001b[K${isLast ? '\n' : ''}`)
    },
    ask: (question) => (stdin.isTTY && stderr.isTTY ? askLine(printable(question)) : Promise.resolve(undefined)),
  }
}

export const readAllOfStdin = async (): Promise<string> => {
  let text = ''
  for await (const chunk of stdin.setEncoding('utf8')) text += chunk
  return text.trim()
}

const ENTER = new Set(['\r', '\n'])
/** Ctrl-C and Ctrl-D reach a program in raw mode as characters. */
const GIVE_UP = new Set(['\u0003', '\u0004'])
const ERASE = new Set(['\u007f', '\b'])

const readSecret = async (): Promise<string | undefined> => {
  let secret = ''
  for await (const chunk of stdin) {
    for (const key of String(chunk)) {
      if (ENTER.has(key)) return secret
      if (GIVE_UP.has(key)) return undefined
      secret = ERASE.has(key) ? secret.slice(0, -1) : secret + key
    }
  }
  return undefined
}

/** Undefined when the user gave up. */
export const askSecret = async (question: string): Promise<string | undefined> => {
  printTrouble(question)
  stdin.setRawMode(true)
  stdin.setEncoding('utf8')
  try {
    return await readSecret()
  } finally {
    stdin.setRawMode(false)
    stderr.write('\n')
  }
}
