// multipart/form-data (RFC 7578) as a stream: a file is handed on while it comes, and is never whole in memory.
import { Readable } from 'node:stream'
import { fault } from '@distropack/core/fault.ts'
import busboy from 'busboy'
import type { Context } from 'hono'
import type { ApiContext } from './context.ts'
import { refuse } from './faults.ts'

const LIMITS = { files: 1, fields: 20, fieldSize: 64 * 1024, headerPairs: 100, parts: 30 } as const

export interface FormFile<T> {
  readonly fileName: string
  readonly value: T
}

const malformed = (why: string): never =>
  refuse(fault('request_invalid', `The body is not multipart/form-data as it should be: ${why}.`))

const CHUNK_BYTES = 256 * 1024

/**
 * A body comes in pieces of 4 KB, and each costs a row of small objects on its way through the parser: 500 MB of them
 * left 150 MB for the collector. The parser keeps pieces of what it is given, so each chunk has memory of its own.
 */
async function* inChunks(body: ReadableStream): AsyncGenerator<Uint8Array> {
  const reader = body.getReader({ mode: 'byob' })
  try {
    for (;;) {
      const { done, value } = await reader.readAtLeast(CHUNK_BYTES, new Uint8Array(CHUNK_BYTES))
      if (value && value.length > 0) yield value
      if (done || !value) return
    }
  } finally {
    await reader.cancel()
  }
}

const openForm = (context: Context<ApiContext>) => {
  const type = context.req.header('content-type') ?? ''
  const { body } = context.req.raw
  if (!/^multipart\/form-data\s*;/i.test(type) || !body) return malformed('its content-type names no boundary')
  try {
    const parser = busboy({ headers: { 'content-type': type }, limits: LIMITS, defParamCharset: 'utf8' })
    return { parser, source: Readable.from(inChunks(body)) }
  } catch {
    return malformed('its content-type names no boundary')
  }
}

const run = (
  { parser, source }: ReturnType<typeof openForm>,
  onField: (name: string, value: string) => void,
  onFile: (name: string, fileName: string, bytes: Readable) => void,
): Promise<void> =>
  new Promise((resolve, reject) => {
    parser.on('field', (name, value) => onField(name, value))
    parser.on('file', (name, bytes, { filename }) => onFile(name, filename ?? '', bytes))
    parser.once('error', reject)
    parser.once('close', resolve)
    source.once('error', reject)
    source.pipe(parser)
  })

/** The one file of a form, handed to `take` as it comes. */
export const readFormFile = async <T>(
  context: Context<ApiContext>,
  field: string,
  take: (bytes: AsyncIterable<Uint8Array>, fileName: string) => Promise<T>,
): Promise<FormFile<T>> => {
  const form = openForm(context)
  let taking: Promise<FormFile<T>> | undefined
  const ended = run(
    form,
    () => {},
    (name, fileName, bytes) => {
      if (name !== field || taking) {
        bytes.resume()
        return
      }
      taking = take(bytes, fileName).then((value) => ({ fileName, value }))
      // Whoever stops reading has a reason: the rest of the form is read past, so that the reason can be told.
      const readPast = (): void => void bytes.resume()
      taking.then(readPast, readPast)
    },
  )
  const outcome = await ended.then(() => undefined).catch((error: unknown) => error)
  if (outcome) {
    await taking?.catch(() => {}) // it failed for the same reason
    return malformed(outcome instanceof Error ? outcome.message : 'it ends in the middle')
  }
  return taking ?? malformed(`it has no file "${field}"`)
}

/** Text fields; files are read past. */
export const readFormFields = async (context: Context<ApiContext>): Promise<ReadonlyMap<string, string>> => {
  const fields = new Map<string, string>()
  const form = openForm(context)
  await run(
    form,
    (name, value) => fields.set(name, value),
    (_name, _fileName, bytes) => bytes.resume(),
  ).catch((error: unknown) => malformed(error instanceof Error ? error.message : 'it ends in the middle'))
  return fields
}
