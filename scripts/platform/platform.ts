// A whole platform on one machine: both Workers in workerd with their storage on disk, the packager beside them, and
// the clock that fires the Worker's schedule. `npm start`, the tests and the benches all begin here.
import { randomBytes } from 'node:crypto'
import { createServer } from 'node:net'
import { join } from 'node:path'
import {
  convertV4MiniflareOptions,
  fetch as fetchOutside,
  Log,
  LogLevel,
  Miniflare,
  type MiniflareOptions,
  type Request as OutsideRequest,
  type Response as OutsideResponse,
} from 'miniflare'
import { mailboxPath, openMailbox } from './mailbox.ts'
import { type MigratableDatabase, migrate } from './migrate.ts'
import { type GatewayOptions, gatewayWorker, readWorkers, WEB_WORKER } from './options.ts'
import { findFreePort, startPackager } from './packager.ts'
import { ROOT } from './root.ts'
import { emptyWorkRoom, LOCAL_EMAIL, lockState, openSecrets, StartError, storageOf } from './state.ts'
import { guardWorkerd } from './watchdog.ts'

/** Oftener than the trigger in wrangler.toml: on a laptop somebody is watching. */
const SCHEDULE_EVERY_MS = 10_000
const SCHEDULE = '* * * * *'
export const HOST = '127.0.0.1'
/** What a browser on this machine may call it. */
const LOOPBACK_NAMES = [HOST, 'localhost', '[::1]']

export interface PlatformOptions {
  readonly stateDirectory: string
  /** 0: any free one. */
  readonly port: number
  readonly log: (line: string) => void
  /** Where readers and builders find it; default: its own loopback address. */
  readonly publicUrl?: string
  /** Behind a proxy of one's own: the header in which it says whence a request comes. */
  readonly clientAddressHeader?: string
  /** In place of what wrangler.toml says under [vars], and secrets it does not name. */
  readonly vars?: Readonly<Record<string, string>>
  /** Added to Miniflare's options: a bench looks into the runtime with them. */
  readonly runtime?: Partial<Omit<MiniflareOptions, 'workers'>>
  /** In place of the outside, for tests: it answers what the web Worker asks of hosts that it knows. */
  readonly outside?: (request: OutsideRequest) => Promise<OutsideResponse | undefined>
}

/** The few calls that a bench makes on the stores themselves. */
export interface PlatformBindings {
  readonly db: {
    prepare(sql: string): {
      bind(...values: unknown[]): { run(): Promise<unknown>; first<T>(): Promise<T | null> }
    }
    exec(sql: string): Promise<unknown>
  }
  readonly bucket: { put(key: string, bytes: Uint8Array): Promise<unknown> }
}

export interface Platform {
  /** Past the Workers: for benches that fill a store quickly. */
  bindings(): Promise<PlatformBindings>
  readonly url: string
  readonly operatorToken: string
  /** Of the account that a first start makes. */
  readonly accountPassword: string
  /** Of the packager that runs now. */
  packagerPid(): number | undefined
  /** From now on /healthz answers 200. */
  markReady(): void
  /** Lists the isolates, where `runtime` named an `inspectorPort`. */
  inspectorUrl(): Promise<URL>
  /** Runs the Worker's scheduled handler now. */
  fireSchedule(): Promise<void>
  /** Bundles both Workers again and puts them in place; storage and port stay. */
  reload(): Promise<void>
  stop(): Promise<void>
}

const assertPortIsFree = async (port: number): Promise<void> => {
  await new Promise<void>((resolve, reject) => {
    const probe = createServer()
    probe.once('error', (error: NodeJS.ErrnoException) => {
      const isTaken = error.code === 'EADDRINUSE'
      reject(
        isTaken ? new StartError(`Port ${port} is in use. Set PORT to another, or PORT=0 for any free one.`) : error,
      )
    })
    probe.listen(port, HOST, () => probe.close(() => resolve()))
  })
}

class PrefixedLog extends Log {
  readonly #write: (line: string) => void
  constructor(write: (line: string) => void) {
    super(LogLevel.WARN)
    this.#write = write
  }
  override log(message: string): void {
    this.#write(message)
  }
}

interface Running {
  readonly port: number
  readonly bindings: Readonly<Record<string, string>>
  readonly isReady: () => boolean
  readonly mailbox: GatewayOptions['mailbox']
}

/** The packager and whatever else is not the test's business are asked as ever. */
const behind =
  (outside: NonNullable<PlatformOptions['outside']>) =>
  async (request: OutsideRequest): Promise<OutsideResponse> =>
    (await outside(request)) ?? fetchOutside(request)

const optionsOf = async (options: PlatformOptions, running: Running): Promise<MiniflareOptions> => {
  const workers = await readWorkers()
  const { port, isReady, mailbox } = running
  const hosts = [...LOOPBACK_NAMES.map((name) => `${name}:${port}`), new URL(running.bindings.PUBLIC_URL ?? '').host]
  const gateway = gatewayWorker({ host: HOST, port, hosts, isReady, mailbox })
  const converted = convertV4MiniflareOptions({
    host: HOST,
    port: 0,
    log: new PrefixedLog(options.log),
    // What the Workers write with console, one JSON line an event.
    handleStructuredLogs: ({ message }) => options.log(message),
    resourcePersistencePath: storageOf(options.stateDirectory),
    // No call to Cloudflare for a description of "this" location.
    cf: false,
    telemetry: { enabled: false },
    workers: [
      gateway,
      ...workers.map((worker) =>
        worker.name === WEB_WORKER
          ? {
              ...worker,
              bindings: { ...worker.bindings, ...running.bindings },
              ...(options.outside ? { outboundService: behind(options.outside) } : {}),
            }
          : worker,
      ),
    ],
  })
  return { ...converted, ...options.runtime }
}

/** It makes a folder among the temporary ones, and leaves it there when this process is killed: here the next start looks. */
const makeMiniflare = (options: MiniflareOptions, room: string): Miniflare => {
  const before = process.env.TMPDIR
  process.env.TMPDIR = room
  try {
    return new Miniflare(options)
  } finally {
    if (before === undefined) delete process.env.TMPDIR
    else process.env.TMPDIR = before
  }
}

const applyMigrations = async (miniflare: Miniflare, log: (line: string) => void): Promise<void> => {
  const database = await miniflare.getD1Database('DB', WEB_WORKER)
  const applied = await migrate(database as unknown as MigratableDatabase, join(ROOT, 'migrations'))
  if (applied.length > 0) log(`database: applied ${applied.join(', ')}`)
}

/** workerd with both Workers and a database of today's shape; the packager ends with it when it cannot start. */
const startWorkerd = async (
  options: PlatformOptions,
  running: Running,
  packager: Pick<Awaited<ReturnType<typeof startPackager>>, 'stop'>,
): Promise<Miniflare> => {
  let miniflare: Miniflare | undefined
  try {
    miniflare = makeMiniflare(await optionsOf(options, running), emptyWorkRoom(options.stateDirectory, 'runtime'))
    await miniflare.ready
    await applyMigrations(miniflare, options.log)
    return miniflare
  } catch (error) {
    // Of a Miniflare that could not start, dispose fails with that same error: the packager ends all the same.
    await Promise.allSettled([miniflare?.dispose(), packager.stop()])
    throw error
  }
}

const startOn = async (options: PlatformOptions): Promise<Platform> => {
  const secrets = openSecrets(options.stateDirectory)
  if (options.port !== 0) await assertPortIsFree(options.port)
  const port = options.port || (await findFreePort())
  const packagerToken = randomBytes(32).toString('hex')
  const mailToken = randomBytes(32).toString('hex')
  const packager = await startPackager({
    token: packagerToken,
    log: options.log,
    emptyRoom: () => emptyWorkRoom(options.stateDirectory, 'packager'),
  })
  let ready = false
  const url = `http://${HOST}:${port}`
  const running: Running = {
    port,
    isReady: () => ready,
    mailbox: openMailbox({ stateDirectory: options.stateDirectory, token: mailToken, isShown: !options.publicUrl }),
    bindings: {
      PUBLIC_URL: options.publicUrl ?? url,
      PACKAGER_URL: packager.url,
      PACKAGER_TOKEN: packagerToken,
      KEY_ENCRYPTION_KEY: secrets.keyEncryptionKey,
      OPERATOR_TOKEN: secrets.operatorToken,
      AUTH_SECRET: secrets.authSecret,
      OPERATOR_EMAIL: LOCAL_EMAIL,
      MAIL_URL: `${url}${mailboxPath}`,
      MAIL_TOKEN: mailToken,
      CLIENT_ADDRESS_HEADER: options.clientAddressHeader ?? '',
      ...options.vars,
    },
  }
  const workerd = await startWorkerd(options, running, packager)
  const fireSchedule = async (): Promise<void> => {
    const worker = await workerd.getWorker(WEB_WORKER)
    await worker.scheduled({ cron: SCHEDULE })
  }
  const tick = (): void => {
    fireSchedule().catch((error: unknown) => options.log(`schedule: ${String(error)}`))
  }
  const timer = setInterval(tick, SCHEDULE_EVERY_MS)
  tick()
  let watchdog = guardWorkerd()
  return {
    url,
    operatorToken: secrets.operatorToken,
    accountPassword: secrets.accountPassword,
    packagerPid: packager.pid,
    markReady: () => {
      ready = true
    },
    fireSchedule,
    inspectorUrl: () => workerd.getInspectorURL(),
    bindings: async () => ({
      db: (await workerd.getD1Database('DB', WEB_WORKER)) as unknown as PlatformBindings['db'],
      bucket: (await workerd.getR2Bucket('BUCKET', WEB_WORKER)) as unknown as PlatformBindings['bucket'],
    }),
    reload: async () => {
      const fresh = await optionsOf(options, running)
      watchdog.disarm()
      await workerd.setOptions(fresh)
      watchdog = guardWorkerd()
      await applyMigrations(workerd, options.log)
    },
    stop: async () => {
      clearInterval(timer)
      watchdog.disarm()
      await workerd.dispose().finally(packager.stop)
    },
  }
}

/** Starts it on one state folder, which it owns until `stop`. */
export const startPlatform = async (options: PlatformOptions): Promise<Platform> => {
  const lock = lockState(options.stateDirectory)
  try {
    const platform = await startOn(options)
    return { ...platform, stop: () => platform.stop().finally(lock.release) }
  } catch (error) {
    lock.release()
    throw error
  }
}
