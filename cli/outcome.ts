// What a command comes to: a result for stdout, or trouble with an exit status. Nothing else decides a status.
import type { ClientTrouble } from '@distropack/core/contract/client.ts'
import { type Fault, type FaultCode, fault } from '@distropack/core/fault.ts'
import { err, type Result } from '@distropack/core/result.ts'

export const EXIT = {
  ok: 0,
  /** A job failed, or the server refused what was asked. */
  refused: 1,
  /** The command line, the manifest or the files it names. */
  usage: 2,
  unauthorized: 3,
  /** No answer, no usable answer, or not in time. */
  unreachable: 4,
} as const
export type ExitCode = (typeof EXIT)[keyof typeof EXIT]

export const EXIT_HELP = `
Exit status:
  0  done
  1  a build failed, or the server refused it
  2  wrong command line, manifest or source files
  3  not logged in, or not allowed
  4  the server cannot be reached, or did not finish in time

With --json one JSON document is written to stdout, for errors too. Progress goes to stderr.`

export interface CommandResult {
  /** For --json. */
  readonly document: Readonly<Record<string, unknown>>
  /** For people, on stdout. */
  readonly lines: readonly string[]
}

export interface Trouble {
  readonly exitCode: ExitCode
  /** A public fault code, or one of this program's own. */
  readonly code: FaultCode | 'usage' | 'server_unreachable' | 'wait_timeout' | 'build_failed'
  /** At least one. */
  readonly faults: readonly Pick<Fault, 'message' | 'where'>[]
  readonly requestId?: string
  /** Beside the error in the JSON document: the build that failed. */
  readonly document?: Readonly<Record<string, unknown>>
}

export type Outcome = Result<CommandResult, Trouble>

const CODE_EXITS: Readonly<Partial<Record<FaultCode, ExitCode>>> = {
  manifest_syntax: EXIT.usage,
  manifest_invalid: EXIT.usage,
  manifest_unset_variable: EXIT.usage,
  target_unknown: EXIT.usage,
  target_impossible: EXIT.usage,
  name_invalid: EXIT.usage,
  version_invalid: EXIT.usage,
  source_missing: EXIT.usage,
  source_changed: EXIT.usage,
  path_unsafe: EXIT.usage,
  binary_foreign: EXIT.usage,
  content_conflict: EXIT.usage,
  encoding_invalid: EXIT.usage,
  codec_missing: EXIT.usage,
  field_invalid: EXIT.usage,
  limit_exceeded: EXIT.usage,
  key_refused: EXIT.usage,
  request_invalid: EXIT.usage,
  unauthenticated: EXIT.unauthorized,
  identity_refused: EXIT.unauthorized,
  forbidden: EXIT.unauthorized,
  rate_limited: EXIT.unreachable,
  internal: EXIT.unreachable,
  packager_unavailable: EXIT.unreachable,
}

export const faultTrouble = (faults: readonly Fault[]): Result<never, Trouble> => {
  const code = faults[0]?.code ?? 'internal'
  return err({ exitCode: CODE_EXITS[code] ?? EXIT.refused, code, faults })
}

export const usageTrouble = (message: string): Result<never, Trouble> =>
  err({ exitCode: EXIT.usage, code: 'usage', faults: [{ message }] })

const LOGIN_HINT = 'Run `distropack login`, or set DISTROPACK_API_TOKEN to a token that may do this.'

export const clientTrouble = (trouble: ClientTrouble): Result<never, Trouble> => {
  const { faults, kind, requestId } = trouble
  const quoted = requestId ? { requestId } : {}
  if (kind === 'unreachable') return err({ exitCode: EXIT.unreachable, code: 'server_unreachable', faults, ...quoted })
  const code = faults[0]?.code ?? 'internal'
  const exitCode = CODE_EXITS[code] ?? EXIT.refused
  const hints = exitCode === EXIT.unauthorized ? [fault(code, LOGIN_HINT)] : []
  return err({ exitCode, code, faults: [...faults, ...hints], ...quoted })
}
