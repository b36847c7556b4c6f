// What must be there before a Worker is: the account, the address, the database, the bucket, the queues. Each is looked for
// and made only where it is missing, so that all of it may be done again.
import type { Cloudflare } from './cloudflare.ts'
import { namesOf, type Placed } from './configuration.ts'
import { DeployError, type Settings } from './settings.ts'

interface Named {
  readonly id: string
  readonly name: string
}

export const findAccount = async (cloudflare: Cloudflare, wanted: string | undefined): Promise<Named> => {
  const accounts = await cloudflare.ask<readonly Named[]>('GET', '/accounts?per_page=50')
  const fitting = wanted === undefined ? accounts : accounts.filter(({ id, name }) => id === wanted || name === wanted)
  const [first, second] = fitting
  if (!first) throw new DeployError(wanted ? `No account is called "${wanted}".` : 'This login reaches no account.')
  if (!second) return first
  const choices = accounts.map(({ id, name }) => `  ${id}  ${name}`).join('\n')
  throw new DeployError(`This login reaches several accounts; give --account with one of:\n${choices}`)
}

/** The zone whose name the domain ends with, the longest first. */
const findZone = async (cloudflare: Cloudflare, domain: string): Promise<string> => {
  const labels = domain.split('.')
  for (let start = 0; start < labels.length - 1; start++) {
    const name = labels.slice(start).join('.')
    const zones = await cloudflare.ask<readonly Named[]>('GET', `/zones?name=${encodeURIComponent(name)}`)
    if (zones.length > 0) return name
  }
  throw new DeployError(
    `No zone of this account holds ${domain}: add its domain first, https://dash.cloudflare.com/?to=/:account/add-site, or leave --domain out.`,
  )
}

export const findAddress = async (
  cloudflare: Cloudflare,
  settings: Settings,
  accountId: string,
): Promise<Pick<Placed, 'publicUrl' | 'zoneName'>> => {
  if (settings.domain !== undefined) {
    return { publicUrl: `https://${settings.domain}`, zoneName: await findZone(cloudflare, settings.domain) }
  }
  const { subdomain } = await cloudflare.ask<{ readonly subdomain: string }>(
    'GET',
    `/accounts/${accountId}/workers/subdomain`,
  )
  return { publicUrl: `https://${settings.name}.${subdomain}.workers.dev` }
}

/** One thing a deployment consists of. */
export interface Resource {
  readonly kind: 'database' | 'bucket' | 'queue'
  readonly name: string
  /** Its id where it is there. */
  find(): Promise<string | undefined>
  make(): Promise<string>
  remove(id: string): Promise<void>
}

export const resourcesOf = (cloudflare: Cloudflare, settings: Settings, accountId: string): readonly Resource[] => {
  const { database, bucket, queues } = namesOf(settings)
  const at = `/accounts/${accountId}`
  const queue = (name: string): Resource => ({
    kind: 'queue',
    name,
    async find() {
      interface Row {
        readonly queue_id: string
        readonly queue_name: string
      }
      const rows = await cloudflare.ask<readonly Row[]>('GET', `${at}/queues?per_page=100`)
      return rows.find(({ queue_name }) => queue_name === name)?.queue_id
    },
    async make() {
      const made = await cloudflare.ask<{ readonly queue_id: string }>('POST', `${at}/queues`, { queue_name: name })
      return made.queue_id
    },
    remove: (id) => cloudflare.ask('DELETE', `${at}/queues/${id}`),
  })
  return [
    {
      kind: 'database',
      name: database,
      async find() {
        interface Row {
          readonly uuid: string
          readonly name: string
        }
        const rows = await cloudflare.ask<readonly Row[]>('GET', `${at}/d1/database?name=${database}&per_page=100`)
        return rows.find(({ name }) => name === database)?.uuid
      },
      make: async () =>
        (await cloudflare.ask<{ readonly uuid: string }>('POST', `${at}/d1/database`, { name: database })).uuid,
      remove: (id) => cloudflare.ask('DELETE', `${at}/d1/database/${id}`),
    },
    {
      kind: 'bucket',
      name: bucket,
      async find() {
        const { buckets } = await cloudflare.ask<{ readonly buckets: readonly { readonly name: string }[] }>(
          'GET',
          `${at}/r2/buckets?name_contains=${bucket}&per_page=1000`,
        )
        return buckets.find(({ name }) => name === bucket)?.name
      },
      make: async () =>
        (await cloudflare.ask<{ readonly name: string }>('POST', `${at}/r2/buckets`, { name: bucket })).name,
      remove: (id) => cloudflare.ask('DELETE', `${at}/r2/buckets/${id}`),
    },
    // Also the one that is only consumed: wrangler makes those that a Worker produces into, and no other.
    queue(queues.jobs),
    queue(queues.deadJobs),
    queue(queues.deliveries),
  ]
}
