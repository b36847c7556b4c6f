// What the system says of a file, as a sentence: whoever typed the path can do something about it.
import { EXIT, type Trouble } from './outcome.ts'

const REASONS: Readonly<Record<string, string>> = {
  EACCES: 'you may not open it',
  EPERM: 'you may not change it',
  ENOENT: 'it is not there',
  ENOTDIR: 'a part of its path is no folder',
  EISDIR: 'it is a folder',
  EROFS: 'it is on a file system that cannot be written to',
  ELOOP: 'its symbolic links go in a circle',
  ENAMETOOLONG: 'its name is too long',
  EEXIST: 'something is there already',
}
/** Not the command line's fault, and not the path's. */
const FULL: Readonly<Record<string, string>> = {
  ENOSPC: 'the disk is full',
  EDQUOT: 'your quota is used up',
  EMFILE: 'too many files are open (ulimit -n)',
}

/** Undefined of a bug. */
export const fileTrouble = (error: unknown): Trouble | undefined => {
  const { code = '', path, syscall } = error as NodeJS.ErrnoException
  const reason = REASONS[code] ?? FULL[code]
  if (reason === undefined || syscall === undefined) return undefined
  const message = `${path ?? 'A file'} cannot be used: ${reason} (${code}).`
  return { exitCode: code in FULL ? EXIT.refused : EXIT.usage, code: 'usage', faults: [{ message }] }
}
