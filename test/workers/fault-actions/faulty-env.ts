// The Worker's bindings with every write counted, and one of them made to fail: D1 statements and batches, objects and
// multipart uploads of R2, calls of Durable Objects that change something, messages to queues.

/** `before`: it never reaches the store. `after`: it is done, and nobody hears of it. `crash`: nothing from it on is. */
export const FAILURES = ['before', 'after', 'crash'] as const
export type Failure = (typeof FAILURES)[number]

export interface Plan {
  /** Counts from 1. */
  readonly at: number
  readonly failure: Failure
}

export class InjectedFailure extends Error {}

type Write = <T>(name: string, work: () => Promise<T>) => Promise<T>

const isWrite = (statement: string): boolean => /^\s*(insert|update|delete|replace)\b/i.test(statement)
const shortly = (statement: string): string => `D1 ${statement.slice(0, 60)}`

/** The object itself, but for these members; methods keep their `this`. */
const overriding = <T extends object>(target: T, members: Readonly<Record<string, unknown>>): T =>
  new Proxy(target, {
    get: (object, name) => {
      if (typeof name === 'string' && Object.hasOwn(members, name)) return members[name]
      const member = Reflect.get(object, name) as unknown
      return typeof member === 'function' ? member.bind(object) : member
    },
  })

const real = new WeakMap<object, D1PreparedStatement>()
const textOf = new WeakMap<object, string>()

const faultyStatement = (inner: D1PreparedStatement, text: string, write: Write): D1PreparedStatement => {
  const through =
    (method: 'run' | 'all' | 'raw' | 'first') =>
    (...args: never[]) => {
      const work = () => (inner[method] as (...given: never[]) => Promise<unknown>).apply(inner, args)
      return isWrite(text) ? write(shortly(text), work) : work()
    }
  const statement = overriding(inner, {
    bind: (...values: unknown[]) => faultyStatement(inner.bind(...values), text, write),
    run: through('run'),
    all: through('all'),
    raw: through('raw'),
    first: through('first'),
  })
  real.set(statement, inner)
  textOf.set(statement, text)
  return statement
}

const faultyDatabase = (database: D1Database, write: Write): D1Database =>
  overriding(database, {
    prepare: (text: string) => faultyStatement(database.prepare(text), text, write),
    batch: (statements: D1PreparedStatement[]) => {
      const work = () => database.batch(statements.map((statement) => real.get(statement) ?? statement))
      const texts = statements.map((statement) => textOf.get(statement) ?? '')
      return texts.some(isWrite) ? write(`batch of ${texts.map(shortly).join(' | ')}`, work) : work()
    },
  })

const faultyMultipart = (upload: R2MultipartUpload, write: Write): R2MultipartUpload =>
  overriding(upload, {
    uploadPart: (...args: Parameters<R2MultipartUpload['uploadPart']>) =>
      write('R2 uploadPart', () => upload.uploadPart(...args)),
    complete: (parts: R2UploadedPart[]) => write('R2 complete', () => upload.complete(parts)),
    abort: () => write('R2 abort', () => upload.abort()),
  })

const faultyBucket = (bucket: R2Bucket, write: Write): R2Bucket =>
  overriding(bucket, {
    put: (key: string, ...rest: unknown[]) =>
      write(`R2 put ${key}`, () => (bucket.put as (...args: unknown[]) => Promise<unknown>)(key, ...rest)),
    delete: (keys: string | string[]) => write(`R2 delete ${[keys].flat().join(' ')}`, () => bucket.delete(keys)),
    createMultipartUpload: async (key: string) =>
      faultyMultipart(await write(`R2 begin ${key}`, () => bucket.createMultipartUpload(key)), write),
    resumeMultipartUpload: (key: string, id: string) => faultyMultipart(bucket.resumeMultipartUpload(key, id), write),
  })

interface PublisherStub {
  publish(projectId: string): Promise<void>
  rebuild(projectId: string): Promise<void>
}

const faultyPublishers = <T extends { get(id: never): unknown }>(publishers: T, write: Write): T =>
  overriding(publishers, {
    get: (id: never) => {
      const stub = publishers.get(id) as PublisherStub & object
      return {
        publish: (projectId: string) => write('DO publish', () => stub.publish(projectId)),
        rebuild: (projectId: string) => write('DO rebuild', () => stub.rebuild(projectId)),
        generation: () => (stub as unknown as { generation(): Promise<number> }).generation(),
      }
    },
  })

const faultyQueue = <T extends Queue<never>>(queue: T, name: string, write: Write): T =>
  overriding(queue, {
    send: (body: never) => write(`queue ${name}`, () => queue.send(body)),
    sendBatch: (messages: never) => write(`queue ${name}`, () => queue.sendBatch(messages)),
  })

interface Bindings {
  readonly DB: D1Database
  readonly BUCKET: R2Bucket
  readonly PUBLISHERS: { get(id: never): unknown }
  readonly JOBS: Queue<never>
  readonly DELIVERIES: Queue<never>
}

export interface FaultyEnv<E> {
  readonly env: E
  /** What was written, or was to be, in order. */
  readonly writes: readonly string[]
  /** Whether the plan's write came. */
  wasHit(): boolean
}

export const openFaultyEnv = <E extends object>(bindings: E, plan: Plan | undefined): FaultyEnv<E> => {
  const writes: string[] = []
  let hit = false
  const write: Write = async (name, work) => {
    writes.push(name)
    const isHit =
      plan !== undefined && (plan.failure === 'crash' ? writes.length >= plan.at : writes.length === plan.at)
    if (!isHit) return work()
    hit = true
    if (plan.failure === 'after') await work()
    throw new InjectedFailure(`injected: ${name}`)
  }
  const known = bindings as unknown as Bindings
  const env = overriding(bindings, {
    DB: faultyDatabase(known.DB, write),
    BUCKET: faultyBucket(known.BUCKET, write),
    PUBLISHERS: faultyPublishers(known.PUBLISHERS, write),
    JOBS: faultyQueue(known.JOBS, 'JOBS', write),
    DELIVERIES: faultyQueue(known.DELIVERIES, 'DELIVERIES', write),
  })
  return { env, writes, wasHit: () => hit }
}
