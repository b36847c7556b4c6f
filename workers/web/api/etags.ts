// Revisions as ETags, for edits that must not overwrite one another (RFC 9110, 13.1.1).
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
