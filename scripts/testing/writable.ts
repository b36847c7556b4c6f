// Whether this user may keep something in the clone: one that is another user's, or mounted read-only, has no such place.
import { accessSync, constants, existsSync, mkdirSync } from 'node:fs'
import { dirname } from 'node:path'

/** A file or a folder, there already or not. Its folder is made. */
export const isWritable = (path: string): boolean => {
  try {
    mkdirSync(dirname(path), { recursive: true })
    accessSync(existsSync(path) ? path : dirname(path), constants.W_OK)
    return true
  } catch {
    return false
  }
}
