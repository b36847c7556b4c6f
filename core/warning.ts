// What is done all the same, though its maker should know: beside faults, and never instead of one. Whoever resolves,
// builds or reads is handed a `Warn`; what is said through it reaches the job's log, its row, the API and the CLI.
import type { Where } from './fault.ts'

/** Public and stable as fault codes are. */
export const WARNING_CODES = [
  'line_ends_converted', // a script or control file had CRLF
  'script_line_ends', // a finished package's script has CRLF and stays as it is
  'binary_foreign', // a program for another machine, in a finished package
  'target_left_out', // --keep-going
  'field_repaired', // a field of a stranger's package is read as its package manager reads it
  'version_unusual', // a version its package manager installs and cannot order
  'binary_needs_glibc', // a program linked against a libc the distribution does not have
  'payload_unread', // a pushed rpm is compressed in a way that is not read here
  'binary_in_all', // a program for one machine, in a package for all
  'package_empty',
  'mode_decimal', // `mode: 755`, which is 01363
  'mode_without_search', // a tree whose folders nobody can enter
  'link_left_out', // a symlink to a folder, below a glob or a folder
  'folder_flattened', // files of several folders put into one
  'relation_unlike', // a relation means something else than it seems to
  'byte_order_mark', // a manifest begins with one, which is read past
] as const

export type WarningCode = (typeof WARNING_CODES)[number]

/** `message` says what was found, where, and what was done or should be; it never holds a secret. */
export interface Warning {
  readonly code: WarningCode
  readonly message: string
  readonly where?: Where
}

export type Warn = (warning: Warning) => void

export const warning = (code: WarningCode, message: string, where?: Where): Warning =>
  where ? { code, message, where } : { code, message }

/** Of one job. More are echoes of one mistake, and a row has a size. */
export const MAX_WARNINGS = 50
export const MAX_WARNING_CHARACTERS = 1_000

const keyOf = ({ code, message }: Warning): string => `${code} ${message}`

/** Keeps each once, the first of them, in their order; `onNew` hears those that are kept as they come. */
export const collectWarnings = (onNew: Warn = () => {}): { readonly warn: Warn; warnings(): readonly Warning[] } => {
  const kept = new Map<string, Warning>()
  return {
    warn(given) {
      const message = given.message.slice(0, MAX_WARNING_CHARACTERS)
      const key = keyOf({ ...given, message })
      if (kept.has(key) || kept.size >= MAX_WARNINGS) return
      kept.set(key, { ...given, message })
      onNew({ ...given, message })
    },
    warnings: () => [...kept.values()],
  }
}

/** For who asks a second time and has been warned. */
export const unheard: Warn = () => {}
