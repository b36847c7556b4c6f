// The HTTP API as functions: paths and shapes from api.ts, refusals as faults, passing trouble tried again. Time,
// randomness and the network are handed in.
import type * as z from 'zod'
import { type Fault, fault } from '../fault.ts'
import { err, ok, type Result } from '../result.ts'
import {
  API_PATHS,
  API_PREFIX,
  artifactSchema,
  type Build,
  buildSchema,
  checkedPushSchema,
  type checkPushSchema,
  type createBuildSchema,
  type createProjectSchema,
  type createPushSchema,
  doneSchema,
  installSchema,
  jobLogSchema,
  jobSchema,
  missingBlobsSchema,
  projectSchema,
  whoamiSchema,
} from './api.ts'
import { exchangedSchema, type exchangeSchema } from './ci.ts'
import { keysSchema, type retireKeysSchema, type rotateKeysSchema } from './keys.ts'
import { operatorCalls } from './operator-client.ts'
import { joinPack } from './packed.ts'
import { type BlobTarget, type SliceOpener, uploadBlob } from './upload.ts'
import { type BlobRef, pageOf, refusalSchema } from './wire.ts'

export interface ClientOptions {
  /** The server, without `/api/v1`. */
  readonly url: string
  readonly token: string
  readonly fetch: typeof globalThis.fetch
  readonly sleep: (ms: number) => Promise<void>
  readonly newIdempotencyKey: () => string
}

/** Why a call did not work. `unreachable`: no answer, or none of this API, however often it was asked. */
export interface ClientTrouble {
  readonly kind: 'refused' | 'unreachable'
  /** At least one. */
  readonly faults: readonly Fault[]
  readonly status?: number
  readonly requestId?: string
}

export interface ProjectName {
  readonly organization: string
  readonly project: string
}

export type Answer<T> = Promise<Result<T, ClientTrouble>>
type Params = Readonly<Record<string, string>>

/** A quarter of a minute in all: a deploy or a lost connection, not an outage. */
const RETRY_DELAYS_MS = [500, 1000, 2000, 4000, 8000]
const PASSING_STATUSES: ReadonlySet<number> = new Set([408, 425, 429, 500, 502, 503, 504])
const PASSING_CODES: ReadonlySet<Fault['code']> = new Set(['internal', 'rate_limited', 'packager_unavailable'])

const fillPath = (template: string, params: Params): string =>
  template.replaceAll(/\{(\w+)\}/g, (_, name: string) => {
    const value = params[name]
    if (value === undefined) throw new Error(`no value for {${name}} of ${template}`)
    return encodeURIComponent(value)
  })

/** An address ends these before it is sent, however they are escaped, and would be another one: that of the whole list. */
const dotIn = (params: Params): string | undefined => Object.values(params).find((value) => /^\.\.?$/.test(value))

const unreachable = (url: string, reason: string, status?: number): ClientTrouble => ({
  kind: 'unreachable',
  faults: [fault('internal', `${url} gives no usable answer: ${reason}.`)],
  ...(status === undefined ? {} : { status }),
})

/** fetch says only "fetch failed"; the cause says why. */
const reasonOf = (error: unknown): string => {
  if (!(error instanceof Error)) return String(error)
  return error.cause instanceof Error && error.cause.message ? error.cause.message : error.message
}

const troubleOf = async (url: string, response: Response): Promise<ClientTrouble> => {
  const text = await response.text()
  try {
    const { requestId, faults, ...first } = refusalSchema.parse(JSON.parse(text)).error
    return { kind: 'refused', status: response.status, requestId, faults: faults?.length ? faults : [first] }
  } catch {
    return unreachable(url, `it answered ${response.status} ${text.slice(0, 200)}`, response.status)
  }
}

/** Seconds of a Retry-After header; anything else in it is not for us. */
const retryAfterMs = (response: Response): number => {
  const seconds = Number(response.headers.get('retry-after') ?? '')
  return seconds > 0 && seconds <= 60 ? seconds * 1000 : 0
}

const trySend = async (options: ClientOptions, path: string, init: RequestInit): Promise<Response | string> => {
  try {
    return await options.fetch(`${options.url}${path}`, init)
  } catch (error) {
    return reasonOf(error)
  }
}

const send = async (options: ClientOptions, path: string, init: RequestInit): Answer<Response> => {
  for (const delayMs of [...RETRY_DELAYS_MS, undefined]) {
    const sent = await trySend(options, path, init)
    const isPassing = typeof sent === 'string' || PASSING_STATUSES.has(sent.status)
    if (typeof sent !== 'string' && sent.ok) return ok(sent)
    if (!isPassing || delayMs === undefined) {
      return err(typeof sent === 'string' ? unreachable(options.url, sent) : await troubleOf(options.url, sent))
    }
    const waitMs = typeof sent === 'string' ? delayMs : Math.max(delayMs, retryAfterMs(sent))
    if (typeof sent !== 'string') await sent.body?.cancel()
    await options.sleep(waitMs)
  }
  throw new Error('the last round always returns')
}

/** One question: `path` of API_PATHS, `params` for what stands in braces in it, and the shape of the answer. */
export interface ApiCall<T> {
  readonly method?: string
  readonly path: string
  readonly params?: Params
  readonly query?: Params
  readonly body?: unknown
  /** In place of a body of JSON. */
  readonly bytes?: Uint8Array
  readonly headers?: Params
  readonly schema: z.ZodType<T>
}

const call = async <T>(options: ClientOptions, request: ApiCall<T>): Answer<T> => {
  const dot = dotIn(request.params ?? {})
  if (dot !== undefined) {
    return err({ kind: 'refused', faults: [fault('request_invalid', `"${dot}" is no name and no id.`)] })
  }
  const query = request.query ? `?${new URLSearchParams({ ...request.query })}` : ''
  const path = `${API_PREFIX}${fillPath(request.path, request.params ?? {})}${query}`
  const sent = await send(options, path, {
    method: request.method ?? 'GET',
    headers: {
      authorization: `Bearer ${options.token}`,
      accept: 'application/json',
      ...(request.body === undefined ? {} : { 'content-type': 'application/json' }),
      ...(request.bytes === undefined ? {} : { 'content-type': 'application/octet-stream' }),
      ...request.headers,
    },
    ...(request.body === undefined ? {} : { body: JSON.stringify(request.body) }),
    ...(request.bytes === undefined ? {} : { body: request.bytes as Uint8Array<ArrayBuffer> }),
  })
  if (!sent.ok) return sent
  const text = await sent.value.text().catch(reasonOf)
  try {
    return ok(request.schema.parse(JSON.parse(text)))
  } catch {
    return err(unreachable(options.url, 'its answer is not of this API', sent.value.status))
  }
}

const upload = async (target: BlobTarget, options: ClientOptions, blob: BlobRef, open: SliceOpener): Answer<void> => {
  for (const delayMs of [...RETRY_DELAYS_MS, undefined]) {
    let trouble: ClientTrouble
    try {
      const sent = await uploadBlob(target, blob, open)
      if (sent.ok) return sent
      trouble = { kind: 'refused', faults: [sent.error] }
      if (!PASSING_CODES.has(sent.error.code)) return err(trouble)
    } catch (error) {
      trouble = unreachable(options.url, reasonOf(error))
    }
    if (delayMs === undefined) return err(trouble)
    await options.sleep(delayMs)
  }
  throw new Error('the last round always returns')
}

/** The API takes at most this many blobs in one question. */
const BLOBS_PER_QUESTION = 1000

const missingBlobs = async (
  options: ClientOptions,
  params: Params,
  blobs: readonly BlobRef[],
): Answer<ReadonlySet<string>> => {
  const missing = new Set<string>()
  for (let start = 0; start < blobs.length; start += BLOBS_PER_QUESTION) {
    const answer = await call(options, {
      method: 'POST',
      path: API_PATHS.missingBlobs,
      params,
      body: { blobs: blobs.slice(start, start + BLOBS_PER_QUESTION) },
      schema: missingBlobsSchema,
    })
    if (!answer.ok) return answer
    for (const sha256 of answer.value.missing) missing.add(sha256)
  }
  return ok(missing)
}

export type Artifact = z.infer<typeof artifactSchema>
export type CallApi = <T>(request: ApiCall<T>) => Answer<T>
export type ApiClient = ReturnType<typeof createClient>

interface ProjectParams {
  readonly org: string
  readonly project: string
}

const pageQuery = (cursor?: string) => ({ limit: '200', ...(cursor === undefined ? {} : { cursor }) })

/** The project itself: its keys, its install lines. */
const projectCalls = (options: ClientOptions, params: ProjectParams) => ({
  read: () => call(options, { path: API_PATHS.project, params: { ...params }, schema: projectSchema }),
  /** Makes it, or finds it. */
  ensure: (body: z.input<typeof createProjectSchema> = {}) =>
    call(options, { method: 'PUT', path: API_PATHS.project, params: { ...params }, body, schema: projectSchema }),
  keys: () => call(options, { path: API_PATHS.keys, params: { ...params }, schema: keysSchema }),
  rotateKeys: (body: z.input<typeof rotateKeysSchema>) =>
    call(options, { method: 'POST', path: API_PATHS.rotateKeys, params: { ...params }, body, schema: keysSchema }),
  retireKeys: (body: z.input<typeof retireKeysSchema>) =>
    call(options, { method: 'POST', path: API_PATHS.retireKeys, params: { ...params }, body, schema: keysSchema }),
  install: (channel: string) =>
    call(options, { path: API_PATHS.install, params: { ...params }, query: { channel }, schema: installSchema }),
})

const blobCalls = (options: ClientOptions, params: ProjectParams) => {
  const blobsUrl = `${options.url}${API_PREFIX}${fillPath(API_PATHS.blob.replace('/{sha256}', ''), { ...params })}`
  return {
    missingBlobs: (blobs: readonly BlobRef[]) => missingBlobs(options, { ...params }, blobs),
    /** Tried again as a whole; parts that arrived are not sent twice. */
    upload: (blob: BlobRef, open: SliceOpener) =>
      upload({ blobsUrl, token: options.token, fetch: options.fetch }, options, blob, open),
    /** Small blobs as one body; `bytes` has each one's, in their order. */
    uploadPack: (blobs: readonly BlobRef[], bytes: readonly Uint8Array[]) =>
      call(options, {
        method: 'PUT',
        path: API_PATHS.packedBlobs,
        params: { ...params },
        bytes: joinPack(blobs, bytes),
        schema: doneSchema,
      }),
  }
}

const buildCalls = (options: ClientOptions, params: ProjectParams) => {
  const post = (path: string, body: unknown): Answer<Build> =>
    // One key for all tries: a request that is repeated makes one build.
    call(options, {
      ...{ method: 'POST', path, params: { ...params }, body, schema: buildSchema },
      headers: { 'idempotency-key': options.newIdempotencyKey() },
    })
  return {
    /** Whether a push of these would be taken, and which blobs it lacks. */
    checkPush: (body: z.input<typeof checkPushSchema>) =>
      call(options, {
        method: 'POST',
        path: API_PATHS.checkPush,
        params: { ...params },
        body,
        schema: checkedPushSchema,
      }),
    createBuild: (body: z.input<typeof createBuildSchema>): Answer<Build> => post(API_PATHS.builds, body),
    createPush: (body: z.input<typeof createPushSchema>): Answer<Build> => post(API_PATHS.pushes, body),
    build: (buildId: string) =>
      call(options, { path: API_PATHS.build, params: { ...params, buildId }, schema: buildSchema }),
    /** All jobs of a build; the build itself shows some. */
    buildJobs: (buildId: string, cursor?: string) =>
      call(options, {
        path: API_PATHS.buildJobs,
        params: { ...params, buildId },
        query: pageQuery(cursor),
        schema: pageOf(jobSchema),
      }),
    jobLog: (buildId: string, jobId: string, cursor?: string) =>
      call(options, {
        path: API_PATHS.jobLog,
        params: { ...params, buildId, jobId },
        query: pageQuery(cursor),
        schema: jobLogSchema,
      }),
  }
}

const artifactCalls = (options: ClientOptions, params: ProjectParams) => {
  const withdraw = (path: string, artifactId: string, channel?: string) => {
    const body = channel === undefined ? {} : { channel }
    return call(options, { method: 'POST', path, params: { ...params, artifactId }, body, schema: artifactSchema })
  }
  return {
    artifacts: (cursor?: string) =>
      call(options, {
        path: API_PATHS.artifacts,
        params: { ...params },
        query: pageQuery(cursor),
        schema: pageOf(artifactSchema),
      }),
    /** Of one channel, or of all. */
    yank: (artifactId: string, channel?: string) => withdraw(API_PATHS.yank, artifactId, channel),
    unyank: (artifactId: string, channel?: string) => withdraw(API_PATHS.unyank, artifactId, channel),
    deleteArtifact: (artifactId: string) => {
      const path = API_PATHS.artifact
      return call(options, { method: 'DELETE', path, params: { ...params, artifactId }, schema: doneSchema })
    },
  }
}

export const createClient = (given: ClientOptions) => {
  const options = { ...given, url: given.url.replace(/\/+$/, '') }
  return {
    url: options.url,
    /** Whatever has no function of its own here. */
    call: <T>(request: ApiCall<T>): Answer<T> => call(options, request),
    operator: operatorCalls((request) => call(options, request)),
    /** For a run that has no token yet; the client's own is not looked at. */
    exchangeIdentity: (body: z.input<typeof exchangeSchema>) =>
      call(options, { method: 'POST', path: API_PATHS.exchange, body, schema: exchangedSchema }),
    whoami: () => call(options, { path: API_PATHS.whoami, schema: whoamiSchema }),
    inProject({ organization, project }: ProjectName) {
      const params = { org: organization, project }
      return {
        ...projectCalls(options, params),
        ...blobCalls(options, params),
        ...buildCalls(options, params),
        ...artifactCalls(options, params),
      }
    },
  }
}
