// The payload: a cpio archive of what is installed, `./` in front of every path (rpmlib(PayloadFilesHavePrefix)),
// with each file's digest taken on the way. One pass over every source.

import { utf8 } from '../../bytes/arrays.ts'
import { coalesce } from '../../bytes/coalesce.ts'
import { CPIO_END, cpioHeader, cpioPadding, cpioStrippedHeader } from '../../bytes/cpio.ts'
import { toHex } from '../../bytes/hex.ts'
import { StreamFault } from '../../bytes/stream-fault.ts'
import type { ByteSource, SourceFile } from '../../model/spec.ts'
import type { BuildTools } from '../../tools.ts'
import { type FileFacts, hasLargeFile, type RpmFile } from './files.ts'

const ELF_MAGIC = [0x7f, 0x45, 0x4c, 0x46]
/** EI_CLASS (elf(5)) stands behind the magic: 1 is 32 bits, 2 is 64, which are rpm's two colours. */
const colorOf = (head: readonly number[]): number => {
  const [, , , , elfClass = 0] = head
  return ELF_MAGIC.every((byte, at) => head[at] === byte) && elfClass <= 2 ? elfClass : 0
}

async function* fileBody(path: string, source: SourceFile, facts: FileFacts, tools: BuildTools): ByteSource {
  const sha256 = tools.hash('sha256')
  const head: number[] = []
  let sizeBytes = 0
  for await (const chunk of source.open()) {
    sha256.update(chunk)
    sizeBytes += chunk.length
    if (head.length < 5) head.push(...chunk.subarray(0, 5 - head.length))
    yield chunk
  }
  if (sizeBytes !== source.sizeBytes) {
    const message = `The file for ${path} has ${sizeBytes} bytes, but had ${source.sizeBytes} when the build began. Build again.`
    throw new StreamFault(message, 'source_changed')
  }
  facts.digest = toHex(sha256.digest())
  facts.color = colorOf(head)
  yield cpioPadding(sizeBytes)
}

async function* members(files: readonly RpmFile[], facts: readonly FileFacts[], tools: BuildTools): ByteSource {
  // A size of 4 GiB has no place in a newc header: then every header is a stripped one, as rpmbuild does it.
  const isStripped = hasLargeFile(files)
  for (const [at, file] of files.entries()) {
    const { path, mode, mtimeSeconds, sizeBytes, source, linkTo, isPacked } = file
    if (!isPacked) continue
    yield isStripped
      ? cpioStrippedHeader(at)
      : cpioHeader({ name: `.${path}`, inode: at + 1, mode, mtimeSeconds, sizeBytes })
    if (source) yield* fileBody(path, source, facts[at]!, tools)
    else if (linkTo !== '') {
      yield utf8(linkTo)
      yield cpioPadding(sizeBytes)
    }
  }
  yield CPIO_END
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
    for await (const chunk of coalesce(members(files, payload.facts, tools))) {
      sha256.update(chunk)
      payload.sizeBytes += chunk.length
      yield chunk
    }
    payload.sha256 = toHex(sha256.digest())
  }
  return { payload, source: counted() }
}
