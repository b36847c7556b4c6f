// Bytes as text: lower-case hex and standard base64 (RFC 4648).

const PAIRS: readonly string[] = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'))

export const toHex = (bytes: Uint8Array): string => {
  let text = ''
  for (const byte of bytes) text += PAIRS[byte]
  return text
}

/** Undefined when the text is not an even run of hex digits. */
export const fromHex = (text: string): Uint8Array | undefined => {
  if (!/^(?:[0-9a-fA-F]{2})*$/.test(text)) return undefined
  return Uint8Array.from({ length: text.length / 2 }, (_, at) => Number.parseInt(text.slice(at * 2, at * 2 + 2), 16))
}

/** String.fromCharCode takes its arguments on the stack, so long arrays go in runs of this many. */
const RUN_BYTES = 0x2000

export const toBase64 = (bytes: Uint8Array): string => {
  let binary = ''
  for (let at = 0; at < bytes.length; at += RUN_BYTES) {
    binary += String.fromCharCode(...bytes.subarray(at, at + RUN_BYTES))
  }
  return btoa(binary)
}

/** Undefined when the text is not base64. */
export const fromBase64 = (text: string): Uint8Array | undefined => {
  if (text.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(text)) return undefined
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0))
}
