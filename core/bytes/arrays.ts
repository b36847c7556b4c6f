// Small moves on byte arrays and byte streams that Buffer would give us and core may not use.
import type { ByteSource } from '../model/spec.ts'

const encoder = new TextEncoder()
const decoder = new TextDecoder('utf-8')

/** An encoder's call costs more than a name's characters, and archives have several texts for every file. */
const SHORT_CHARACTERS = 200

export const utf8 = (text: string): Uint8Array => {
  const { length } = text
  if (length > SHORT_CHARACTERS) return encoder.encode(text)
  const bytes = new Uint8Array(length)
  for (let at = 0; at < length; at++) {
    const code = text.charCodeAt(at)
    if (code >= 0x80) return encoder.encode(text)
    bytes[at] = code
  }
  return bytes
}

/** Bytes that are not UTF-8 become U+FFFD: names in old packages may be Latin-1, and must still be listed. */
export const fromUtf8 = (bytes: Uint8Array): string => decoder.decode(bytes)

export const concatBytes = (chunks: readonly Uint8Array[]): Uint8Array => {
  const joined = new Uint8Array(chunks.reduce((sum, { length }) => sum + length, 0))
  let offset = 0
  for (const chunk of chunks) {
    joined.set(chunk, offset)
    offset += chunk.length
  }
  return joined
}

/** For sources known to be small; a user's stream is never collected. */
export const collectBytes = async (source: ByteSource): Promise<Uint8Array> => {
  const chunks: Uint8Array[] = []
  for await (const chunk of source) chunks.push(chunk.slice())
  return concatBytes(chunks)
}

export async function* sourceOf(...chunks: readonly Uint8Array[]): ByteSource {
  yield* chunks
}
