// Faults as HTTP: the one place where a code becomes a status.
import type { ErrorBody } from '@distropack/core/contract/wire.ts'
import { type Fault, type FaultCode, fault, listFaults, listFirst } from '@distropack/core/fault.ts'
import type { Result } from '@distropack/core/result.ts'
import type { Context } from 'hono'
import type { ContentfulStatusCode } from 'hono/utils/http-status'
import type { z } from 'zod'
import type { Env } from '../env.ts'
import type { ApiContext } from './context.ts'

const STATUS: Readonly<Record<FaultCode, ContentfulStatusCode>> = {
  manifest_syntax: 422,
  manifest_invalid: 422,
  manifest_unset_variable: 422,
  target_unknown: 422,
  target_impossible: 422,
  name_invalid: 422,
  version_invalid: 422,
  source_missing: 422,
  source_changed: 422,
  path_unsafe: 422,
  binary_foreign: 422,
  content_conflict: 422,
  encoding_invalid: 422,
  field_invalid: 422,
  package_corrupt: 422,
  package_unsupported: 422,
  digest_mismatch: 422,
  size_mismatch: 422,
  limit_exceeded: 422,
  body_too_large: 413,
  request_invalid: 400,
  unauthenticated: 401,
  forbidden: 403,
  not_found: 404,
  conflict: 409,
  version_exists: 409,
  blob_missing: 409,
  upload_incomplete: 409,
  method_not_allowed: 405,
  media_type_unsupported: 415,
  rate_limited: 429,
  project_archived: 409,
  origin_refused: 403,
  precondition_failed: 412,
  precondition_required: 428,
  idempotency_key_reused: 422,
  identity_refused: 403,
  address_refused: 422,
  sign_up_closed: 403,
  account_unverified: 403,
  unfinished: 503,
  read_only: 503,
  accounts_unconfigured: 503,
  quota_exceeded: 402,
  payment_failed: 402,
  provider_unavailable: 503,
  packager_unavailable: 503,
  codec_missing: 500,
  build_interrupted: 503,
  key_refused: 422,
  key_encryption_key_missing: 503,
  key_encryption_key_wrong: 503,
  internal: 500,
}

export const statusOfCode = (code: FaultCode): ContentfulStatusCode => STATUS[code]

/** RFC 9457, 3.1: `type` names the kind of problem, and its address explains it. */
const typeOf = (env: Env, code: FaultCode): string => `${env.PUBLIC_URL}/api/docs#${code}`

const titleOf = (code: FaultCode): string => code.replaceAll('_', ' ').replace(/^./, (first) => first.toUpperCase())

/** A refusal as a body: a problem of RFC 9457 whose extension `error` is what programs read. */
export const answerFaults = (context: Context<ApiContext>, faults: readonly [Fault, ...Fault[]]): Response => {
  const [first] = faults
  const requestId = context.get('requestId')
  const status = STATUS[first.code]
  const error: ErrorBody['error'] = { ...first, requestId }
  if (faults.length > 1) error.faults = listFaults(faults)
  if (first.code === 'unauthenticated') context.header('www-authenticate', 'Bearer realm="distropack"')
  const problem: ErrorBody = {
    type: typeOf(context.env, first.code),
    title: titleOf(first.code),
    status,
    detail: first.message,
    instance: `urn:distropack:request:${requestId}`,
    error,
  }
  return context.body(JSON.stringify(problem), status, { 'content-type': 'application/problem+json' })
}

/** What zod found wrong with a request, one fault a field. */
export const faultsOfRequest = (error: z.core.$ZodError): [Fault, ...Fault[]] => {
  const faults = listFirst(error.issues, (issue) => {
    const key = issue.path.join('.')
    return fault('request_invalid', key ? `${key}: ${issue.message}` : issue.message, key ? { key } : undefined)
  })
  return [
    faults[0] ?? fault('request_invalid', 'The request is not of the form this address takes.'),
    ...faults.slice(1),
  ]
}

/** Thrown by entry points only: what a service refused, on its way to the one switch above (app.onError). */
export class Refusal extends Error {
  readonly faults: readonly [Fault, ...Fault[]]
  constructor(faults: readonly [Fault, ...Fault[]]) {
    super(faults[0].code)
    this.faults = faults
  }
}

export const refuse = (...faults: [Fault, ...Fault[]]): never => {
  throw new Refusal(faults)
}

/** The value, or the end of the request with the fault. */
export const need = <T>(result: Result<T, Fault | readonly Fault[]>): T => {
  if (result.ok) return result.value
  const faults = [result.error].flat() as Fault[]
  throw new Refusal([faults[0] ?? fault('internal', 'refused without a reason'), ...faults.slice(1)])
}
