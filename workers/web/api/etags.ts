// ETags for edits that must not overwrite one another (RFC 9110, 13.1.1): a revision where there is one, else the state
// that an edit would change.
import { createHash } from 'node:crypto'
import { type Fault, fault } from '@distropack/core/fault.ts'
import { err, ok, type Result } from '@distropack/core/result.ts'

export const etagOf = (revision: number): string => `"${revision}"`

/** The revision an If-Match names. Without one there is no telling what the editor saw. */
export const revisionOf = (ifMatch: string | undefined): Result<number, Fault> => {
  if (ifMatch === undefined) {
    return err(fault('precondition_required', 'Send the ETag you read as If-Match, so that no edit is lost.'))
  }
  const digits = /^"(\d{1,9})"$/.exec(ifMatch.trim())?.[1]
  return digits
    ? ok(Number(digits))
    : err(fault('precondition_failed', `If-Match ${ifMatch} is no ETag of this: send the one you read.`))
}

/** Of what an edit may change; short, because it is compared and not looked up. */
export const etagOfState = (state: Readonly<Record<string, unknown>>): string =>
  `"${createHash('sha256').update(JSON.stringify(state)).digest('base64url').slice(0, 22)}"`

/** Nothing to say against the edit when no If-Match came, or it names the present state. */
export const refuseStale = (
  ifMatch: string | undefined,
  state: Readonly<Record<string, unknown>>,
): Result<void, Fault> =>
  ifMatch === undefined || ifMatch.trim() === etagOfState(state)
    ? ok(undefined)
    : err(fault('precondition_failed', 'It was changed since you read it: read it again, then edit.'))
