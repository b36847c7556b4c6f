// A script that a kernel or a shell must be able to run: line ends of Windows are taken out, what no program would
// read is refused. Programs (ELF) may stand where a script may, so bytes with NUL in them stay as they are.
import { err, ok, type Result } from '../result.ts'

const CR = 13
const LF = 10

/** Byte order marks, of which none is part of `#!` (execve(2)). */
const MARKS: readonly (readonly [bytes: readonly number[], name: string])[] = [
  [[0xef, 0xbb, 0xbf], 'a UTF-8 byte order mark (BOM)'],
  [[0xff, 0xfe], 'the byte order mark of UTF-16'],
  [[0xfe, 0xff], 'the byte order mark of UTF-16'],
]

const ADVICE = 'save it as UTF-8 without a mark'

/** What is wrong with it, for a sentence that begins with the file's name. */
const troubleOf = (bytes: Uint8Array): string | undefined => {
  const mark = MARKS.find(([start]) => start.every((byte, at) => bytes[at] === byte))
  if (mark) return `begins with ${mark[1]}, so nothing finds its first line: ${ADVICE}`
  // UTF-16 and UTF-32 without a mark: a NUL beside the first letter, where neither a script nor a program (ELF) has one.
  const isWide = bytes.subarray(0, 4).includes(0)
  if (isWide) return `is UTF-16, which no shell reads: ${ADVICE}`
  if (bytes.includes(CR) && !bytes.includes(LF) && !bytes.includes(0)) {
    return 'has the line ends of old Macs (CR alone), so all of it is one line: save it with LF'
  }
  return undefined
}

export interface Script {
  readonly bytes: Uint8Array
  /** CRLF became LF. */
  readonly isConverted: boolean
}

/** The error has no subject: the caller knows the file's name. */
export const readScript = (bytes: Uint8Array): Result<Script, string> => {
  const trouble = troubleOf(bytes)
  if (trouble !== undefined) return err(trouble)
  if (bytes.includes(0) || !bytes.includes(CR)) return ok({ bytes, isConverted: false })
  const converted = bytes.filter((byte, at) => byte !== CR || bytes[at + 1] !== LF)
  return ok({ bytes: converted, isConverted: converted.length !== bytes.length })
}
