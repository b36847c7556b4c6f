// Programs in finished packages of others' making: looked at as the package is read. There is no manifest that could say
// it is meant, so nothing is refused.
import type { Format } from '../format.ts'
import type { ByteSource } from '../model/spec.ts'
import { quoteForMessage } from '../text/line.ts'
import { type Warn, warning } from '../warning.ts'
import { architectureOfWord, judgeMachine, nameMachine } from './machines.ts'
import { type Binary, glibcWarning, watchBinary } from './watch.ts'

/** More than these are echoes. */
const MAX_BINARIES = 200

export interface PassingBinaries {
  /** Reads the file to its end. */
  look(path: string, body: ByteSource): Promise<void>
  /** `arch` in the format's own word. */
  judge(format: Pick<Format, 'id' | 'libc'>, arch: string, warn: Warn): void
}

export const passingBinaries = (): PassingBinaries => {
  const found: Binary[] = []
  return {
    async look(path, body) {
      const onEnd = (binary: Binary): void => {
        if (found.length < MAX_BINARIES) found.push(binary)
      }
      for await (const _ of watchBinary(path, body, { onHead: () => {}, onEnd }));
    },
    judge(format, arch, warn) {
      const architecture = architectureOfWord(arch)
      for (const binary of found) {
        const verdict = architecture === undefined ? 'fits' : judgeMachine(binary.head, architecture)
        const what = `${quoteForMessage(binary.path)} is a program for ${nameMachine(binary.head)}, but the package is for`
        if (verdict === 'foreign') warn(warning('binary_foreign', `${what} ${arch}: it will not run there.`))
        if (verdict === 'bound') warn(warning('binary_in_all', `${what} all architectures.`))
        const glibc = glibcWarning(binary, format)
        if (glibc) warn(glibc)
      }
    },
  }
}
