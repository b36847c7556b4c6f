// `distropack webhook`: who is told of what happened, and what became of it.
import { API_PATHS, doneSchema } from '@distropack/core/contract/api.ts'
import { createdWebhookSchema, deliverySchema, webhookSchema } from '@distropack/core/contract/webhooks.ts'
import type * as z from 'zod'
import { type Outcome, usageTrouble } from '../outcome.ts'
import type { Environment, OrganizationFlags } from '../settings.ts'
import type { Terminal } from '../terminal.ts'
import { ask, confirmed, inColumns, inOrganization, listed, timeOf } from './answers.ts'

type Webhook = z.infer<typeof webhookSchema>
type Delivery = z.infer<typeof deliverySchema>

const row = ({ id, target, events, project, enabled, failures }: Webhook): readonly string[] => [
  id,
  target.kind,
  target.address,
  project ?? 'every project',
  enabled ? 'on' : 'off',
  failures > 0 ? `${failures} failures` : '',
  events.join(','),
]
const shown = (webhook: Webhook): readonly string[] => inColumns([row(webhook)])

export const listWebhooks = (flags: OrganizationFlags, env: Environment): Promise<Outcome> =>
  inOrganization(flags, env, (client, params) =>
    listed(client, 'webhooks', { path: API_PATHS.webhooks, params, schema: webhookSchema }, row),
  )

export interface NewWebhookFlags extends OrganizationFlags {
  readonly event: readonly string[]
  readonly kind?: 'json' | 'slack'
}

export const createWebhook = (address: string, flags: NewWebhookFlags, env: Environment): Promise<Outcome> =>
  inOrganization(flags, env, (client, params) => {
    const isMail = address.includes('@') && !address.includes('://')
    const target = isMail ? { kind: 'mail', email: address } : { kind: flags.kind ?? 'json', url: address }
    const project = flags.project?.split('/').at(-1)
    const body = { target, events: flags.event, ...(project === undefined ? {} : { project }) }
    const call = { method: 'POST', path: API_PATHS.webhooks, params, body, schema: createdWebhookSchema }
    return ask(client, call, ({ secret, ...webhook }) => [
      ...shown(webhook),
      ...(secret === null ? [] : ['Every delivery is signed with this secret, which is shown this once:', secret]),
    ])
  })

export interface EditWebhookFlags extends OrganizationFlags {
  readonly event?: readonly string[]
  readonly on?: boolean
  readonly off?: boolean
}

export const editWebhook = async (webhookId: string, flags: EditWebhookFlags, env: Environment): Promise<Outcome> => {
  const { event: events, on, off } = flags
  if (events === undefined && !on && !off) return usageTrouble('What should change? Give --event, --on or --off.')
  return inOrganization(flags, env, (client, params) => {
    const body = { ...(events === undefined ? {} : { events }), ...(on || off ? { enabled: on === true } : {}) }
    const call = { method: 'PATCH', path: API_PATHS.webhook, params: { ...params, webhookId }, body }
    return ask(client, { ...call, schema: webhookSchema }, shown)
  })
}

export const deleteWebhook = (
  webhookId: string,
  flags: OrganizationFlags & { readonly yes?: boolean },
  env: Environment,
  terminal: Terminal,
): Promise<Outcome> =>
  inOrganization(flags, env, async (client, params) => {
    const sure = await confirmed(`Really delete ${webhookId}?`, flags.yes, terminal)
    if (!sure.ok) return sure
    const call = { method: 'DELETE', path: API_PATHS.webhook, params: { ...params, webhookId }, schema: doneSchema }
    return ask(client, call, () => `Deleted ${webhookId}.`)
  })

const deliveryRow = ({ id, event, state, attempts, status, answer, createdAtMs }: Delivery): readonly string[] => [
  id,
  timeOf(createdAtMs),
  event,
  state,
  `${attempts} attempts`,
  status === null ? '' : String(status),
  answer?.split('\n')[0] ?? '',
]

export const testWebhook = (webhookId: string, flags: OrganizationFlags, env: Environment): Promise<Outcome> =>
  inOrganization(flags, env, (client, params) => {
    const call = { method: 'POST', path: API_PATHS.testWebhook, params: { ...params, webhookId } }
    return ask(client, { ...call, schema: deliverySchema }, (delivery) => inColumns([deliveryRow(delivery)]))
  })

export const listDeliveries = (webhookId: string, flags: OrganizationFlags, env: Environment): Promise<Outcome> =>
  inOrganization(flags, env, (client, params) => {
    const request = { path: API_PATHS.deliveries, params: { ...params, webhookId }, schema: deliverySchema }
    return listed(client, 'deliveries', request, deliveryRow)
  })

export const redeliver = (
  webhookId: string,
  deliveryId: string,
  flags: OrganizationFlags,
  env: Environment,
): Promise<Outcome> =>
  inOrganization(flags, env, (client, params) => {
    const call = { method: 'POST', path: API_PATHS.redeliver, params: { ...params, webhookId, deliveryId } }
    return ask(client, { ...call, schema: deliverySchema }, (delivery) => inColumns([deliveryRow(delivery)]))
  })
