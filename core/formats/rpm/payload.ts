// The payload: a cpio archive of what is installed, `./` in front of every path (rpmlib(PayloadFilesHavePrefix)),
// with each file's digest taken on the way. One pass over every source.

import { utf8 } from '../../bytes/arrays.ts'
import { CPIO_END, cpioHeader, cpioPaddingBytes, cpioStrippedHeader } from '../../bytes/cpio.ts'
import { hashed } from '../../bytes/hashed.ts'
import { toHex } from '../../bytes/hex.ts'
import {
  type FileToRead,
  type MemberRest,
  type MemberWriter,
  readExactly,
  readFile,
  writeMembers,
} from '../../bytes/member-writer.ts'
import type { ByteSource } from '../../model/spec.ts'
import type { BuildTools } from '../../tools.ts'
import { type FileFacts, hasLargeFile, type RpmFile } from './files.ts'

const ELF_MAGIC = [0x7f, 0x45, 0x4c, 0x46]
/** EI_CLASS (elf(5)) stands behind the magic: 1 is 32 bits, 2 is 64, which are rpm's two colours. */
const HEAD_BYTES = 5
const colorOf = (head: Uint8Array | readonly number[]): number => {
  const [, , , , elfClass = 0] = head
  return ELF_MAGIC.every((byte, at) => head[at] === byte) && elfClass <= 2 ? elfClass : 0
}

const putFile = (
  file: FileToRead,
  facts: FileFacts,
  out: MemberWriter,
  tools: Pick<BuildTools, 'hash' | 'digest'>,
): MemberRest => {
  const end = (digest: string, head: Uint8Array | readonly number[]): void => {
    facts.digest = digest
    facts.color = colorOf(head)
    out.zeros(cpioPaddingBytes(file.source.sizeBytes))
  }
  async function* large(): ByteSource {
    const sha256 = tools.hash('sha256')
    const head: number[] = []
    for await (const chunk of hashed(readExactly(file), sha256)) {
      if (head.length < HEAD_BYTES) head.push(...chunk.subarray(0, HEAD_BYTES - head.length))
      yield chunk
    }
    end(toHex(sha256.digest()), head)
  }
  const small = (bytes: Uint8Array): void => {
    out.put(bytes)
    end(tools.digest('sha256', bytes), bytes)
  }
  return readFile(file, small, large)
}

/** A file with its number among all, which are in order. */
type Numbered = readonly [at: number, file: RpmFile]

const memberPutter =
  // A size of 4 GiB has no place in a newc header: then every header is a stripped one, as rpmbuild does it.
    (isStripped: boolean, facts: readonly FileFacts[], tools: BuildTools) =>
    ([at, file]: Numbered, out: MemberWriter): MemberRest => {
      const { path, mode, mtimeSeconds, sizeBytes, source, linkTo, isPacked } = file
      if (!isPacked) return undefined
      const newc = { name: `.${path}`, inode: at + 1, mode, mtimeSeconds, sizeBytes }
      out.put(isStripped ? cpioStrippedHeader(at) : cpioHeader(newc))
      if (source) return putFile({ path, source }, facts[at]!, out, tools)
      if (linkTo !== '') {
        out.put(utf8(linkTo))
        out.zeros(cpioPaddingBytes(sizeBytes))
      }
      return undefined
    }

export interface Payload {
  /** Uncompressed. */
  sizeBytes: number
  /** Lower-case hex of the sha256 of the uncompressed archive. */
  sha256: string
  readonly facts: readonly FileFacts[]
}

/** The archive as a stream. `payload` is complete when the stream has ended. */
export const packPayload = (
  files: readonly RpmFile[],
  tools: BuildTools,
): { readonly payload: Payload; readonly source: ByteSource } => {
  const payload: Payload = { sizeBytes: 0, sha256: '', facts: files.map(() => ({ digest: '', color: 0 })) }
  async function* counted(): ByteSource {
    const sha256 = tools.hash('sha256')
    const put = memberPutter(hasLargeFile(files), payload.facts, tools)
    for await (const chunk of writeMembers(files.entries(), put, CPIO_END)) {
      sha256.update(chunk)
      payload.sizeBytes += chunk.length
      yield chunk
    }
    payload.sha256 = toHex(sha256.digest())
  }
  return { payload, source: counted() }
}
