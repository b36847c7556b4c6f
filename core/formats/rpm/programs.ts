// The payload of a finished package, unpacked to look at the programs in it. Nothing of it becomes part of the entry: what
// is in the package, and under which digests, stands in the header.
import { passingBinaries } from '../../binaries/finished.ts'
import { readCpio, type StatedFile } from '../../bytes/cpio-read.ts'
import { decompressPart } from '../../bytes/stream-fault.ts'
import { quoteForMessage } from '../../text/line.ts'
import type { Codec, InspectTools, SeekableFile } from '../../tools.ts'
import { warning } from '../../warning.ts'
import type { Header } from './header-read.ts'
import { MODE, TAG } from './tags.ts'

/** PAYLOADCOMPRESSOR's words (build/pack.cc). rpm reads lzma too, which nobody has written since 2010. */
const CODECS: Readonly<Record<string, Codec>> = { gzip: 'gzip', xz: 'xz', zstd: 'zstd', bzip2: 'bzip2' }

/** zlib, by which rpm reads what is called gzip, passes plain bytes through. */
const codecOf = (word: string, firstBytes: Uint8Array): Codec | undefined => {
  const isGzip = firstBytes[0] === 0x1f && firstBytes[1] === 0x8b
  return word === 'gzip' && !isGzip ? 'none' : CODECS[word]
}

/** Of files with several names only the last has the bytes (lib/rpmfi.cc, iterReadArchiveNext). */
const lastLinks = (main: Header): ReadonlySet<number> => {
  const devices = main.numbers(TAG.fileDevices)
  const last = new Map<string, number>()
  for (const [at, inode] of main.numbers(TAG.fileInodes).entries()) last.set(`${devices[at]} ${inode}`, at)
  return new Set(last.values())
}

/** What stripped headers leave out: a file's name and size by its number in the header. */
const statedFiles = (main: Header, paths: readonly string[]): StatedFile => {
  const long = main.numbers(TAG.longFileSizes)
  const sizes = long.length > 0 ? long : main.numbers(TAG.fileSizes)
  const modes = main.numbers(TAG.fileModes)
  const inodes = main.numbers(TAG.fileInodes)
  let withBytes: ReadonlySet<number> | undefined
  return (index) => {
    const name = paths[index]
    if (name === undefined) return undefined
    withBytes ??= lastLinks(main)
    const type = (modes[index] ?? 0) & MODE.type
    const isFile = type === MODE.file && (inodes.length === 0 || withBytes.has(index))
    return { name, sizeBytes: isFile || type === MODE.symlink ? (sizes[index] ?? 0) : 0 }
  }
}

interface Finished {
  readonly main: Header
  readonly headerEnd: number
  readonly paths: readonly string[]
  readonly arch: string
}

export const lookAtPrograms = async (file: SeekableFile, package_: Finished, tools: InspectTools): Promise<void> => {
  const { main, headerEnd, paths, arch } = package_
  const word = main.string(TAG.payloadCompressor) ?? 'gzip'
  const codec = codecOf(word, await file.read(headerEnd, 2))
  if (!codec) {
    const what = `The payload is compressed with ${quoteForMessage(word)}, which is not read here: nothing can be said of its programs.`
    tools.warn(warning('payload_unread', `${what} Build it with gzip, xz or zstd to have them looked at.`))
    return
  }
  const binaries = passingBinaries()
  const archive = decompressPart(tools, codec, file.stream(headerEnd), 'The payload')
  for await (const { name, body } of readCpio(archive, tools.budget, statedFiles(main, paths))) {
    await binaries.look(`/${name.replace(/^(?:\.?\/)+/, '')}`, body)
  }
  binaries.judge({ id: 'rpm' }, arch, tools.warn)
}
