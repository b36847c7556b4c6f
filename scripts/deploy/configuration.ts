// The configuration wrangler deploys with: the tracked wrangler.toml files, with this deployment's names, ids and address
// in their places. It is generated, and nobody edits it.
import { join, relative } from 'node:path'
import { ROOT } from '../platform/root.ts'
import { folderOf, type Settings, writePrivate } from './settings.ts'

export interface Placed {
  readonly accountId: string
  readonly databaseId: string
  /** Where people and package managers reach it; no trailing slash. */
  readonly publicUrl: string
  /** Of the domain; absent on workers.dev. */
  readonly zoneName?: string
}

/** What a Worker's configuration has, as far as it is changed here. */
type Raw = Readonly<Record<string, unknown>>

export const namesOf = ({ name }: Pick<Settings, 'name'>) => ({
  web: name,
  files: `${name}-files`,
  database: name,
  bucket: name,
  queues: { jobs: `${name}-jobs`, deadJobs: `${name}-dead-jobs`, deliveries: `${name}-deliveries` },
})

const readRaw = async (path: string): Promise<Raw> => {
  const { experimental_readRawConfig: readRawConfig } = await import('wrangler')
  return readRawConfig({ config: join(ROOT, path) }).rawConfig as Raw
}

/** Every name in the tracked files begins with `distropack`. */
const renamed = <T>(value: T, name: string): T =>
  JSON.parse(
    JSON.stringify(value, (key, each: unknown) =>
      typeof each === 'string' &&
      ['queue', 'dead_letter_queue', 'bucket_name', 'database_name', 'service'].includes(key)
        ? each.replace(/^distropack/, name)
        : each,
    ),
  ) as T

const fromFolder = (folder: string, path: string): string => relative(folder, join(ROOT, path))

/** In the cloud readers do not go through the web Worker: the route of the longer pattern wins. */
const routesOf = (settings: Settings, placed: Placed) =>
  settings.domain === undefined || placed.zoneName === undefined
    ? { web: { workers_dev: true }, files: { workers_dev: false } }
    : {
        web: { workers_dev: false, routes: [{ pattern: settings.domain, custom_domain: true }] },
        files: { workers_dev: false, routes: [{ pattern: `${settings.domain}/r/*`, zone_name: placed.zoneName }] },
      }

const webConfig = async (settings: Settings, placed: Placed, folder: string): Promise<Raw> => {
  const raw = await readRaw('wrangler.toml')
  const {
    containers,
    d1_databases: databases,
    vars,
    ...rest
  } = renamed(raw, settings.name) as {
    readonly containers: readonly Raw[]
    readonly d1_databases: readonly Raw[]
    readonly vars: Raw
  }
  const isImage = settings.packager === 'image'
  return {
    ...rest,
    name: namesOf(settings).web,
    account_id: placed.accountId,
    main: fromFolder(folder, 'workers/web/worker.ts'),
    ...routesOf(settings, placed).web,
    vars: {
      ...vars,
      PUBLIC_URL: placed.publicUrl,
      OPERATOR_EMAIL: settings.operatorEmail,
      PACKAGER_URL: isImage ? '' : settings.packager,
      ...(settings.mailUrl === undefined ? {} : { MAIL_URL: settings.mailUrl }),
      ...(settings.mailFrom === undefined ? {} : { MAIL_FROM: settings.mailFrom }),
    },
    // With an id, wrangler neither makes a database nor looks for one.
    d1_databases: databases.map((database) => ({
      ...database,
      database_id: placed.databaseId,
      migrations_dir: fromFolder(folder, 'migrations'),
    })),
    ...(isImage
      ? {
          containers: containers.map((container) => ({
            ...container,
            image: fromFolder(folder, 'containers/packager/Dockerfile'),
            image_build_context: fromFolder(folder, '.'),
          })),
        }
      : {}),
    assets: { directory: fromFolder(folder, 'dashboard/public') },
  }
}

const filesConfig = async (settings: Settings, placed: Placed, folder: string): Promise<Raw> => ({
  ...renamed(await readRaw('workers/fileserver/wrangler.toml'), settings.name),
  name: namesOf(settings).files,
  account_id: placed.accountId,
  main: fromFolder(folder, 'workers/fileserver/worker.ts'),
  ...routesOf(settings, placed).files,
})

export interface Configurations {
  /** Paths of the generated files. */
  readonly web: string
  readonly files: string
}

export const writeConfigurations = async (settings: Settings, placed: Placed): Promise<Configurations> => {
  const folder = folderOf(settings.name)
  const write = (name: string, config: Raw): string =>
    writePrivate(folder, name, `${JSON.stringify(config, null, 2)}\n`)
  return {
    web: write('web.json', await webConfig(settings, placed, folder)),
    files: write('files.json', await filesConfig(settings, placed, folder)),
  }
}
