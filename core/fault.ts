// The one vocabulary of expected trouble. A code is public and stable: API bodies, job rows, CLI output and
// docs carry it. Adding one is free, renaming one breaks scripts of users.

export const FAULT_CODES = [
  // what a user wrote
  'manifest_syntax', // not YAML
  'manifest_invalid', // YAML, but a key is unknown, missing or of the wrong type
  'manifest_unset_variable',
  'target_unknown',
  'target_impossible', // a format's own rule stops this target, and others could be made
  'name_invalid', // a name this format forbids
  'version_invalid', // a version this format forbids
  'source_missing', // a file the manifest names is not there
  'source_changed', // a file changed while it was read
  'path_unsafe', // `..`, absolute escape, control characters
  'binary_foreign', // a program for another machine than the package's
  'content_conflict', // two entries claim one destination
  'encoding_invalid', // a text file that is no UTF-8
  'field_invalid', // a value that would break out of its line, stanza or element
  // what a user uploaded
  'package_corrupt',
  'package_unsupported',
  'digest_mismatch',
  'size_mismatch',
  'limit_exceeded', // more work, bytes or names than one package or request may cost (core/budget.ts)
  'body_too_large',
  // what a user asked for
  'request_invalid',
  'unauthenticated',
  'forbidden',
  'not_found',
  'conflict',
  'version_exists', // same name, version and architecture, other bytes
  'blob_missing',
  'upload_incomplete',
  'method_not_allowed',
  'media_type_unsupported', // a body of another type than the address takes
  'rate_limited',
  'project_archived', // read on, but nothing new goes in
  'origin_refused', // a page of another site used this browser's session
  'precondition_failed', // If-Match names a version that is no longer the newest
  'precondition_required', // an edit without If-Match
  'idempotency_key_reused', // the same key with another request
  'identity_refused', // a CI's identity token that is not to be believed, or that nobody trusts
  'address_refused', // an address of a user's that the platform must not call
  'sign_up_closed',
  'account_unverified',
  'quota_exceeded', // a limit of the organization's plan; `link` leads to where it is raised
  'payment_failed', // the card was refused; nothing was changed
  // what is ours
  'unfinished', // it is written down, but not yet in force everywhere; asking again finishes it
  'read_only', // the operator closed the platform for writing
  'accounts_unconfigured', // no AUTH_SECRET
  'provider_unavailable', // another company's service this needs does not answer
  'packager_unavailable',
  'codec_missing', // this Node has no zstd or xz, and neither has the machine
  'build_interrupted',
  'key_refused', // an OpenPGP key that clients would refuse
  'key_encryption_key_missing',
  'key_encryption_key_wrong',
  'internal',
] as const

export type FaultCode = (typeof FAULT_CODES)[number]

/** Where in a user's file the trouble is. Lines and columns count from 1. */
export interface Where {
  readonly file?: string
  readonly line?: number
  readonly column?: number
  /** Dotted path of the key: `contents.2.dst`. */
  readonly key?: string
}

/** `message` says what was wrong, where, and what to do; it never holds a secret. */
export interface Fault {
  readonly code: FaultCode
  readonly message: string
  readonly where?: Where
  /** The page where a person can do something about it. */
  readonly link?: string
}

/** A message may show a value that somebody made a million characters long. */
const MAX_MESSAGE_CHARACTERS = 2_000
const MAX_KEY_CHARACTERS = 500

export const fault = (code: FaultCode, message: string, where?: Where): Fault => {
  const shown = message.length > MAX_MESSAGE_CHARACTERS ? `${message.slice(0, MAX_MESSAGE_CHARACTERS)}…` : message
  if (!where) return { code, message: shown }
  const { key } = where
  return {
    code,
    message: shown,
    where: key && key.length > MAX_KEY_CHARACTERS ? { ...where, key: `${key.slice(0, MAX_KEY_CHARACTERS)}…` } : where,
  }
}

/** Whoever reads a list mends the first ones; a file of nonsense has a hundred thousand. */
const MOST_LISTED = 50

/** The first of them in words, and how many more there are. */
export const listFirst = <T>(troubles: readonly T[], say: (trouble: T) => Fault, most = MOST_LISTED): Fault[] => {
  // One more is shown as itself, so that a list made here goes through here again as it is.
  if (troubles.length <= most + 1) return troubles.map(say)
  const said = troubles.slice(0, most).map(say)
  const next = troubles[most] as T
  const more = (troubles.length - most).toLocaleString('en-US')
  said.push(fault(say(next).code, `… and ${more} more; mend these first, then see what is left.`))
  return said
}

export const listFaults = (faults: readonly Fault[], most?: number): Fault[] => listFirst(faults, (each) => each, most)
