// A user's text file as text. Bytes that are no UTF-8 would become U+FFFD and be published so: they are refused, with
// their place.
import { type Fault, fault, type Where } from '../fault.ts'
import { err, ok, type Result } from '../result.ts'

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** Unicode 15.0, table 3-7: how many bytes a sequence has, and what its second may be. */
const sequence = (first: number): readonly [length: number, low: number, high: number] | undefined => {
  if (first < 0x80) return [1, 0, 0]
  if (first >= 0xc2 && first <= 0xdf) return [2, 0x80, 0xbf]
  if (first >= 0xe0 && first <= 0xef) return [3, first === 0xe0 ? 0xa0 : 0x80, first === 0xed ? 0x9f : 0xbf]
  if (first >= 0xf0 && first <= 0xf4) return [4, first === 0xf0 ? 0x90 : 0x80, first === 0xf4 ? 0x8f : 0xbf]
  return undefined
}

/** Bytes of the character that begins there; 0 for none. */
const characterBytes = (bytes: Uint8Array, at: number): number => {
  const [length, low, high] = sequence(bytes[at]!) ?? [0, 0, 0]
  if (at + length > bytes.length) return 0
  for (let next = 1; next < length; next++) {
    const byte = bytes[at + next]!
    if (byte < (next === 1 ? low : 0x80) || byte > (next === 1 ? high : 0xbf)) return 0
  }
  return length
}

/** Of the first byte that begins no character; undefined when all do. */
export const findNotUtf8 = (bytes: Uint8Array): number | undefined => {
  for (let at = 0; at < bytes.length; ) {
    const length = characterBytes(bytes, at)
    if (length === 0) return at
    at += length
  }
  return undefined
}

const placeOf = (bytes: Uint8Array, offset: number): Required<Pick<Where, 'line' | 'column'>> => {
  let line = 1
  let start = 0
  for (let at = bytes.indexOf(0x0a); at !== -1 && at < offset; at = bytes.indexOf(0x0a, at + 1)) {
    line += 1
    start = at + 1
  }
  return { line, column: offset - start + 1 }
}

/** With or without its mark, as editors of Windows save it. */
const isUtf16 = ([first, second, third, fourth]: Uint8Array): boolean =>
  (first === 0xff && second === 0xfe) ||
  (first === 0xfe && second === 0xff) ||
  (first === 0 && second !== 0 && third === 0) ||
  (first !== 0 && second === 0 && fourth === 0)

/** `file` is what the user calls it. A UTF-8 byte order mark stays in the text: who reads it knows what it means there. */
export const decodeText = (bytes: Uint8Array, file: string): Result<string, Fault> => {
  if (isUtf16(bytes)) {
    return err(fault('encoding_invalid', `${file} is UTF-16. Save it as UTF-8.`, { file, line: 1, column: 1 }))
  }
  try {
    return ok(decoder.decode(bytes))
  } catch {
    const offset = findNotUtf8(bytes) ?? 0
    const { line, column } = placeOf(bytes, offset)
    const byte = `0x${bytes[offset]!.toString(16).padStart(2, '0')}`
    const message = `byte ${offset} (${byte}) is no UTF-8; the file may be Latin-1. Save it as UTF-8.`
    return err(fault('encoding_invalid', `${file}:${line}:${column}: ${message}`, { file, line, column }))
  }
}
