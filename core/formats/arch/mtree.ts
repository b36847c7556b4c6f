// .MTREE: what `pacman -Qkk` holds installed files against, in mtree(5) as bsdtar writes it for makepkg: every
// line has all that differs from /set, directories too (without their modes pacman warns of each).
import { utf8 } from '../../bytes/arrays.ts'

export interface MtreeLine {
  /** In the package, without a leading slash. */
  readonly path: string
  readonly mode: number
  readonly mtimeSeconds: number
  readonly kind: 'file' | 'directory' | 'symlink'
  readonly target?: string
  readonly sizeBytes?: number
  /** Of a file, once it has been read. */
  digests?: FileDigests
}

/** Lower-case hex. pacman before 7 holds files against MD5 alone, and takes a line without it for a mismatch. */
export interface FileDigests {
  readonly md5: string
  readonly sha256: string
}

/** libarchive's archive_write_set_format_mtree.c: printable ASCII but blank, `#`, `=` and `\` stands for itself. */
const PLAIN = /^[!"$-<>-[\]-~]*$/

const quoted = (text: string): string => {
  if (PLAIN.test(text)) return text
  let escaped = ''
  for (const byte of utf8(text)) {
    const isPlain = byte > 0x20 && byte < 0x7f && byte !== 0x23 && byte !== 0x3d && byte !== 0x5c
    escaped += isPlain ? String.fromCharCode(byte) : `\\${byte.toString(8).padStart(3, '0')}`
  }
  return escaped
}

const lineOf = ({ path, mode, mtimeSeconds, kind, target, sizeBytes, digests }: MtreeLine): string => {
  const words = [`./${quoted(path)}`, `time=${Math.max(0, mtimeSeconds)}.0`]
  if (mode !== 0o644) words.push(`mode=${mode.toString(8)}`)
  if (kind === 'directory') words.push('type=dir')
  else if (kind === 'symlink') words.push('type=link', `link=${quoted(target ?? '')}`)
  else words.push(`size=${sizeBytes}`, `md5digest=${digests?.md5}`, `sha256digest=${digests?.sha256}`)
  return `${words.join(' ')}\n`
}

export const mtreeText = (lines: readonly MtreeLine[]): string =>
  `#mtree\n/set type=file uid=0 gid=0 mode=644\n${lines.map(lineOf).join('')}`
