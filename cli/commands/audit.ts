// `distropack audit`: who did what in an organization.
import { writeFile } from 'node:fs/promises'
import { API_PATHS } from '@distropack/core/contract/api.ts'
import { type AuditEntry, auditEntrySchema } from '@distropack/core/contract/audit.ts'
import type { ApiClient } from '@distropack/core/contract/client.ts'
import { pageOf } from '@distropack/core/contract/wire.ts'
import { ok, type Result } from '@distropack/core/result.ts'
import { clientTrouble, type Outcome, type Trouble, usageTrouble } from '../outcome.ts'
import type { Environment, OrganizationFlags } from '../settings.ts'
import { inColumns, inOrganization, timeOf } from './answers.ts'

export interface AuditFlags extends OrganizationFlags {
  readonly action?: string
  readonly actor?: string
  readonly from?: string
  readonly until?: string
  readonly limit: number
  /** A file that gets all of them as JSON lines. */
  readonly out?: string
}

const momentOf = (name: string, text: string | undefined): Result<Readonly<Record<string, string>>, Trouble> => {
  if (text === undefined) return ok({})
  const atMs = Date.parse(text)
  if (Number.isNaN(atMs)) return usageTrouble(`"${text}" is no time; write a day, 2026-11-28, or 2026-11-28T12:00Z.`)
  return ok({ [name]: String(atMs) })
}

type Query = Readonly<Record<string, string>>

const filterOf = (flags: AuditFlags): Result<Query, Trouble> => {
  const from = momentOf('fromMs', flags.from)
  if (!from.ok) return from
  const until = momentOf('untilMs', flags.until)
  if (!until.ok) return until
  return ok({
    ...from.value,
    ...until.value,
    ...(flags.action === undefined ? {} : { action: flags.action }),
    ...(flags.actor === undefined ? {} : { actor: flags.actor }),
  })
}

/** The newest `wanted` of them. */
const readEntries = async (
  client: ApiClient,
  params: { readonly org: string },
  filter: Query,
  wanted: number,
): Promise<Result<readonly AuditEntry[], Trouble>> => {
  const entries: AuditEntry[] = []
  for (let cursor: string | undefined; entries.length < wanted; ) {
    const limit = String(Math.min(200, wanted - entries.length))
    const query = { ...filter, limit, ...(cursor === undefined ? {} : { cursor }) }
    const page = await client.call({ path: API_PATHS.audit, params, query, schema: pageOf(auditEntrySchema) })
    if (!page.ok) return clientTrouble(page.error)
    entries.push(...page.value.items)
    if (page.value.nextCursor === null) break
    cursor = page.value.nextCursor
  }
  return ok(entries)
}

export const audit = async (flags: AuditFlags, env: Environment): Promise<Outcome> => {
  const filter = filterOf(flags)
  if (!filter.ok) return filter
  return inOrganization(flags, env, async (client, params) => {
    const { out } = flags
    // A file gets them all.
    const wanted = out === undefined ? flags.limit : Number.POSITIVE_INFINITY
    const entries = await readEntries(client, params, filter.value, wanted)
    if (!entries.ok) return entries
    if (out !== undefined) {
      await writeFile(out, entries.value.map((entry) => `${JSON.stringify(entry)}\n`).join(''))
      const count = entries.value.length
      return ok({ document: { entries: count, path: out }, lines: [`${count} entries in ${out}`] })
    }
    const rows = entries.value.map(({ atMs, action, actor, subject }) => [timeOf(atMs), action, actor.name, subject])
    return ok({ document: { entries: entries.value }, lines: rows.length > 0 ? inColumns(rows) : ['No entries.'] })
  })
}
