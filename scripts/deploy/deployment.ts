// A deployment, step by step in the order that matters, each of which may be done again: queues and database before the
// Workers that name them, migrations before the code that wants them, the file server before the web Worker bound to it.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { type Cloudflare, wrangler } from './cloudflare.ts'
import { type Configurations, namesOf, type Placed, writeConfigurations } from './configuration.ts'
import { findAccount, findAddress, type Resource, resourcesOf } from './resources.ts'
import { DeployError, ensureSecrets, folderOf, type Settings, writePrivate } from './settings.ts'
import { smokeTest } from './smoke.ts'

export interface DeployTools {
  readonly cloudflare: Cloudflare
  readonly say: (line: string) => void
  /** Whether whoever deploys has copied the file to a safe place. */
  readonly confirmKeySaved: (path: string) => Promise<boolean>
  /** Makes nothing, says everything. */
  readonly isDryRun: boolean
  readonly withSmokeTest: boolean
}

/** Of a database that is not there yet, in a dry run. */
const NO_ID = '00000000-0000-0000-0000-000000000000'

const ensureResource = async (resource: Resource, { say, isDryRun }: DeployTools): Promise<string> => {
  const { kind, name } = resource
  const found = await resource.find()
  if (found !== undefined) {
    say(`${kind} ${name}: there`)
    return found
  }
  if (isDryRun) {
    say(`${kind} ${name}: would be made`)
    return NO_ID
  }
  const made = await resource.make()
  say(`${kind} ${name}: made`)
  return made
}

const CONFIRMED = 'key-saved'

/** Nothing can open the signing keys without it, and Cloudflare shows a secret to nobody. */
const keepKey = async (folder: string, key: string, tools: DeployTools): Promise<void> => {
  if (existsSync(join(folder, CONFIRMED))) return
  const path = writePrivate(folder, 'key-encryption-key', `${key}\n`)
  if (!(await tools.confirmKeySaved(path))) {
    throw new DeployError(
      `Copy ${path} to where you keep what must not be lost (a password manager, a safe), then run this again with --key-saved. Without it no signing key can be opened again.`,
    )
  }
  writePrivate(folder, CONFIRMED, '')
}

const deployWorkers = async (
  { web, files }: Configurations,
  secretsPath: string,
  tools: DeployTools,
): Promise<void> => {
  const { say, isDryRun } = tools
  const dry = isDryRun ? ['--dry-run'] : []
  if (isDryRun) say('migrations: would be applied')
  else {
    await wrangler(['d1', 'migrations', 'apply', 'DB', '--remote', '--config', web])
    say('migrations: applied')
  }
  await wrangler(['deploy', '--config', files, ...dry])
  say(`file server: ${isDryRun ? 'would be deployed' : 'deployed'}`)
  // wrangler builds an image also in a dry run, and Docker may be elsewhere.
  const withoutImage = isDryRun ? ['--containers-rollout', 'none'] : []
  await wrangler(['deploy', '--config', web, '--secrets-file', secretsPath, ...dry, ...withoutImage])
  say(`web Worker: ${isDryRun ? 'would be deployed' : 'deployed'}`)
}

/** Settings that make sense, an account that may. */
export const deploy = async (settings: Settings, tools: DeployTools): Promise<Placed> => {
  const { cloudflare, say, isDryRun } = tools
  const account = await findAccount(cloudflare, settings.accountId)
  say(`account ${account.name}: reached`)
  const address = await findAddress(cloudflare, settings, account.id)
  say(`address: ${address.publicUrl}`)
  const ids: string[] = []
  for (const resource of resourcesOf(cloudflare, settings, account.id)) ids.push(await ensureResource(resource, tools))
  const folder = folderOf(settings.name)
  const { secrets, path } = ensureSecrets(folder)
  say(`secrets: ${path}`)
  if (!isDryRun) await keepKey(folder, secrets.KEY_ENCRYPTION_KEY, tools)
  const placed: Placed = { ...address, accountId: account.id, databaseId: ids[0] ?? NO_ID }
  const configurations = await writeConfigurations(settings, placed)
  writePrivate(folder, 'settings.json', `${JSON.stringify({ ...settings, accountId: account.id }, null, 2)}\n`)
  await deployWorkers(configurations, path, tools)
  if (tools.withSmokeTest && !isDryRun) await smokeTest(placed.publicUrl, secrets.OPERATOR_TOKEN, say)
  return placed
}

/** Takes the Workers and the queues away; database and bucket only when the data is to go, too. */
export const tearDown = async (
  settings: Settings,
  { cloudflare, say }: Pick<DeployTools, 'cloudflare' | 'say'>,
  withData: boolean,
): Promise<void> => {
  const account = await findAccount(cloudflare, settings.accountId)
  const { web, files } = namesOf(settings)
  const workers = await cloudflare.ask<readonly { readonly id: string }[]>(
    'GET',
    `/accounts/${account.id}/workers/scripts`,
  )
  for (const name of [web, files].filter((each) => workers.some(({ id }) => id === each))) {
    const config = join(folderOf(settings.name), name === web ? 'web.json' : 'files.json')
    await wrangler(['delete', name, '--force', '--config', config])
    say(`Worker ${name}: deleted`)
  }
  await deleteContainers(cloudflare, account.id, web, say)
  for (const resource of resourcesOf(cloudflare, settings, account.id)) {
    const isData = resource.kind !== 'queue'
    const id = await resource.find()
    if (id === undefined) continue
    if (isData && !withData) say(`${resource.kind} ${resource.name}: kept; --delete-data deletes it`)
    else {
      await resource.remove(id)
      say(`${resource.kind} ${resource.name}: deleted`)
    }
  }
}

/** A deleted Worker leaves its container application behind. */
const deleteContainers = async (
  cloudflare: Cloudflare,
  accountId: string,
  web: string,
  say: (line: string) => void,
): Promise<void> => {
  interface Application {
    readonly id: string
    readonly name: string
  }
  const applications = await cloudflare
    .ask<readonly Application[]>('GET', `/accounts/${accountId}/containers/applications`)
    .catch(() => [])
  for (const { id, name } of applications.filter(({ name }) => name.startsWith(`${web}-`))) {
    await cloudflare.ask('DELETE', `/accounts/${accountId}/containers/applications/${id}`)
    say(`container application ${name}: deleted`)
  }
}
