// How deep a JSON text is nested, before it is parsed: a parser keeps a place for every bracket that is open, and a body
// of nothing but brackets would fill a Worker's memory.

const QUOTE = 0x22
const BACKSLASH = 0x5c
const [OPEN_LIST, CLOSE_LIST, OPEN_MAP, CLOSE_MAP] = [0x5b, 0x5d, 0x7b, 0x7d]

/** Behind the string that begins at `at`. */
const endOfString = (bytes: Uint8Array, at: number): number => {
  for (let end = bytes.indexOf(QUOTE, at + 1); end !== -1; end = bytes.indexOf(QUOTE, end + 1)) {
    let slashes = 0
    while (bytes[end - 1 - slashes] === BACKSLASH && end - 1 - slashes > at) slashes += 1
    if (slashes % 2 === 0) return end + 1
  }
  return bytes.length
}

/** Only brackets are looked at: whether it is JSON at all, its parser says. */
export const isNestedDeeper = (bytes: Uint8Array, most: number): boolean => {
  let depth = 0
  for (let at = 0; at < bytes.length; ) {
    const byte = bytes[at]!
    if (byte === QUOTE) {
      at = endOfString(bytes, at)
      continue
    }
    if (byte === OPEN_LIST || byte === OPEN_MAP) depth += 1
    else if (byte === CLOSE_LIST || byte === CLOSE_MAP) depth -= 1
    if (depth > most) return true
    at += 1
  }
  return false
}
