// How much one package may put into an index. Past its own limit a client does not skip the package: apt reads no list of
// its machine, pacman and apk read nothing of the repository.
import { utf8 } from '../bytes/arrays.ts'
import { type Fault, fault } from '../fault.ts'
import type { Field } from './deb822.ts'
import type { Pair } from './key-value.ts'

/** apt's buffer for one stanza is 1 MiB (apt-pkg/tagfile.cc, Resize); an index adds the file's name and digest. */
const MAX_STANZA_BYTES = 900 * 1024
/** apk's buffer for a line is 128 KiB (src/io.c, apk_io_bufsize), pacman's 512 KiB (lib/libalpm/be_sync.c, max_line_size). */
const MAX_LINE_BYTES = 120 * 1024

const bytesOf = (text: string): number => utf8(text).length

const tooLong = (what: string, bytes: number, most: number): Fault => {
  const sizes = `${bytes.toLocaleString('en-US')} bytes; ${most.toLocaleString('en-US')} are allowed`
  return fault('limit_exceeded', `${what} has ${sizes}, for no client reads an index with longer ones. Say less there.`)
}

/** Of a control file's fields together. */
export const stanzaTooLong = (fields: readonly Field[]): Fault | undefined => {
  const bytes = fields.reduce((sum, [name, value]) => sum + bytesOf(name) + bytesOf(value) + ': \n'.length, 0)
  return bytes > MAX_STANZA_BYTES ? tooLong('The control file', bytes, MAX_STANZA_BYTES) : undefined
}

/** Of .PKGINFO: each key's values together, as apk writes them into one line. */
export const pairsTooLong = (pairs: readonly Pair[]): Fault | undefined => {
  const lines = new Map<string, number>()
  for (const [key, value] of pairs) lines.set(key, (lines.get(key) ?? 0) + bytesOf(value) + 1)
  const longest = [...lines].find(([, bytes]) => bytes > MAX_LINE_BYTES)
  return longest && tooLong(`.PKGINFO: ${longest[0].slice(0, 80)}`, longest[1], MAX_LINE_BYTES)
}
