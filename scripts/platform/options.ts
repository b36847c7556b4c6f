// The wrangler.toml files, as Miniflare options: what runs on a laptop is what is deployed, said in one place.
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { type Request as MiniflareRequest, Response as MiniflareResponse, type V4WorkerOptions } from 'miniflare'
import { bundleWorker } from './bundle.ts'
import { keep, type Made } from './bundle-cache.ts'
import { ROOT } from './root.ts'

export const WEB_WORKER = 'distropack'
export const FILES_WORKER = 'distropack-files'
export const GATEWAY_WORKER = 'distropack-gateway'

/** The large one last: what Miniflare writes behind a text copies it, again and again (see bundle.ts). */
const CONFIGS = [
  { name: FILES_WORKER, config: 'workers/fileserver/wrangler.toml' },
  { name: WEB_WORKER, config: 'wrangler.toml' },
] as const

interface WranglerConfig {
  readonly workerOptions: V4WorkerOptions
  readonly main: string
}

const readWithWrangler = async (config: string): Promise<Made> => {
  const { unstable_getMiniflareWorkerOptions: readOptions } = await import('wrangler')
  // Containers need Docker; the class stays, and PACKAGER_URL sends builds to the local packager instead.
  const { workerOptions, main } = readOptions(join(ROOT, config), undefined, { overrides: { enableContainers: false } })
  if (!main) throw new Error(`${config} names no main`)
  const text = JSON.stringify({ workerOptions, main }, (key, value: unknown) => {
    if (typeof value === 'function') throw new Error(`${config}: ${key} cannot be kept as JSON`)
    return value
  })
  return { text, inputs: [config, relative(ROOT, import.meta.filename), 'node_modules/.package-lock.json'] }
}

/** Where wrangler finds variables besides the file itself; among them are secrets, which are kept nowhere. */
const isFromElsewhere = (config: string): boolean =>
  ['.dev.vars', '.env', '.env.local'].some((file) => existsSync(join(ROOT, dirname(config), file))) ||
  Object.keys(process.env).some((name) => /^(CLOUDFLARE|WRANGLER)_/.test(name))

/** To load wrangler takes longer than all else of a start, so what it read is kept. */
const readConfig = async (config: string): Promise<WranglerConfig> => {
  const make = () => readWithWrangler(config)
  const { text } = isFromElsewhere(config)
    ? await make()
    : await keep({ name: `${config.replaceAll('/', '-')}.json`, make })
  return JSON.parse(text) as WranglerConfig
}

const workerOf = async (name: string, config: string): Promise<V4WorkerOptions> => {
  const { workerOptions, main } = await readConfig(config)
  const contents = await bundleWorker(main)
  const modules = [{ type: 'ESModule', path: `${name}.mjs`, contents }] as const
  // An edge's cache saves the way to the store; here the store is on the same disk, and every file would be there twice.
  const bindings = { ...workerOptions.bindings, EDGE_CACHE: 'off' }
  return { ...workerOptions, name, modules: [...modules], modulesRoot: ROOT, cacheAPI: false, bindings }
}

export const readWorkers = async (): Promise<readonly V4WorkerOptions[]> =>
  Promise.all(CONFIGS.map(({ name, config }) => workerOf(name, config)))

/** Says 503 on /healthz until the platform is ready, and nothing else: builds need the API before that. `/` is the
 * dashboard, which Pages serves in the cloud. */
const GATEWAY = `export default {
  async fetch(request, env) {
    const { host, pathname } = new URL(request.url)
    // A page of a name that somebody else turned to this address is of another site (DNS rebinding).
    if (!env.HOSTS.includes(host)) return new Response(env.MISDIRECTED, { status: 421 })
    if (pathname === '/') return new Response(env.DASHBOARD, { headers: { 'content-type': 'text/html; charset=utf-8' } })
    // Readers go past the web Worker, as a route of the cloud sends them.
    if (pathname.startsWith('/r/')) return env.FILES.fetch(request)
    if (pathname === '/mailbox') return env.MAILBOX.fetch(request)
    if (pathname !== '/healthz') return env.WEB.fetch(request)
    const { status } = await env.READY.fetch('http://ready/')
    return Response.json({ ready: status === 200 }, { status, headers: { 'cache-control': 'no-store' } })
  },
}`

export interface GatewayOptions {
  readonly host: string
  readonly port: number
  /** What requests may call it, with the port unless that is the scheme's own. */
  readonly hosts: readonly string[]
  readonly isReady: () => boolean
  readonly mailbox: (request: MiniflareRequest) => Promise<MiniflareResponse>
}

/**
 * The only Worker with a port. Miniflare's own port answers /cdn-cgi/local/… for every bucket, private repositories
 * included; this one goes past it, so nothing reaches the store but through the Workers.
 */
export const gatewayWorker = ({ host, port, hosts, isReady, mailbox }: GatewayOptions): V4WorkerOptions => ({
  name: GATEWAY_WORKER,
  compatibilityDate: '2026-10-01',
  modules: [{ type: 'ESModule', path: 'gateway.mjs', contents: GATEWAY }],
  bindings: {
    DASHBOARD: readFileSync(join(ROOT, 'dashboard/public/index.html'), 'utf8'),
    HOSTS: [...hosts],
    MISDIRECTED: `This platform is called ${hosts.join(' or ')}. Set DISTROPACK_PUBLIC_URL to the name you use.\n`,
  },
  serviceBindings: {
    WEB: WEB_WORKER,
    FILES: FILES_WORKER,
    MAILBOX: mailbox,
    READY: () => new MiniflareResponse(null, { status: isReady() ? 200 : 503 }),
  },
  unsafeDirectSockets: [{ host, port }],
})
