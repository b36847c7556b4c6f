// The packager as a process: settings from the environment, one JSON log line an event, SIGTERM drains.
import { type Log, startPackager } from './http-server.ts'

const log: Log = (event, fields = {}) => {
  process.stdout.write(`${JSON.stringify({ event, atMs: Date.now(), ...fields })}\n`)
}

const numberFrom = (name: string, fallback: number, least = 0): number => {
  const text = process.env[name]
  if (text === undefined || text === '') return fallback
  const value = Number(text)
  if (Number.isInteger(value) && value >= least) return value
  process.stderr.write(`${name} must be a whole number of ${least} or more, not "${text}".\n`)
  process.exit(2)
}

const { PACKAGER_TOKEN, HOST } = process.env
const packager = await startPackager({
  port: numberFrom('PORT', 8080),
  buildsAtOnce: numberFrom('PACKAGER_BUILDS_AT_ONCE', 4, 1),
  largeBuildsAtOnce: numberFrom('PACKAGER_LARGE_BUILDS_AT_ONCE', 1, 1),
  ordersWaiting: numberFrom('PACKAGER_ORDERS_WAITING', 200),
  log,
  ...(HOST ? { host: HOST } : {}),
  ...(PACKAGER_TOKEN ? { token: PACKAGER_TOKEN } : {}),
})

const isBoundToParent = process.env.PACKAGER_EXIT_WITH_PARENT === '1'
/** Cloudflare Containers kill 15 minutes after SIGTERM; whoever runs a packager of his own waits less. */
const graceMs = numberFrom('PACKAGER_DRAIN_SECONDS', isBoundToParent ? 1 : 600) * 1000
let isLeaving = false
const leave = async (): Promise<void> => {
  if (isLeaving) return
  isLeaving = true
  await packager.drain(graceMs)
  process.exit(0)
}
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, leave)
// The parent holds the other end of stdin: when it dies, however it dies, this process goes too.
if (isBoundToParent) process.stdin.on('close', leave).on('end', leave).resume()
