// What most commands are: one question to the server, or all pages of a list, said in lines that stand in columns.
import type { ApiCall, ApiClient, ClientTrouble } from '@distropack/core/contract/client.ts'
import { pageOf } from '@distropack/core/contract/wire.ts'
import { ok, type Result } from '@distropack/core/result.ts'
import type * as z from 'zod'
import { clientTrouble, type Outcome, type Trouble, usageTrouble } from '../outcome.ts'
import {
  type Environment,
  type OrganizationFlags,
  openClient,
  organizationFor,
  projectFor,
  type ServerFlags,
} from '../settings.ts'
import type { Terminal } from '../terminal.ts'

/** What the server takes at most. */
const PAGE_ITEMS = '200'

export const asking = async (
  flags: ServerFlags,
  env: Environment,
  work: (client: ApiClient) => Promise<Outcome>,
): Promise<Outcome> => {
  const client = await openClient(flags, env)
  return client.ok ? work(client.value) : client
}

/** `params` for what stands in braces in the API's paths. */
export const inOrganization = async (
  flags: OrganizationFlags,
  env: Environment,
  work: (client: ApiClient, params: { readonly org: string }) => Promise<Outcome>,
): Promise<Outcome> => {
  const params = await organizationFor(flags, env)
  return params.ok ? asking(flags, env, (client) => work(client, params.value)) : params
}

export const inProject = async (
  flags: ServerFlags,
  env: Environment,
  work: (client: ApiClient, params: { readonly org: string; readonly project: string }) => Promise<Outcome>,
): Promise<Outcome> => {
  const name = await projectFor(flags, env)
  if (!name.ok) return name
  const { organization: org, project } = name.value
  return asking(flags, env, (client) => work(client, { org, project }))
}

/** The answer as the JSON document, and in a sentence. */
export const told = async <T extends object>(
  answer: Promise<Result<T, ClientTrouble>>,
  say: (value: T) => string | readonly string[],
): Promise<Outcome> => {
  const answered = await answer
  if (!answered.ok) return clientTrouble(answered.error)
  const words = say(answered.value)
  const document = { ...answered.value } as Readonly<Record<string, unknown>>
  return ok({ document, lines: typeof words === 'string' ? [words] : words })
}

/** One question of the API. */
export const ask = <T extends object>(
  client: ApiClient,
  call: ApiCall<T>,
  say: (value: T) => string | readonly string[],
): Promise<Outcome> => told(client.call(call), say)

/** Every item of a list, however many pages it has. */
export const readPages = async <T>(
  client: ApiClient,
  { path, params, query, schema }: Pick<ApiCall<T>, 'path' | 'params' | 'query'> & { readonly schema: z.ZodType<T> },
): Promise<Result<readonly T[], Trouble>> => {
  const items: T[] = []
  for (let cursor: string | undefined; ; ) {
    const asked = { ...query, limit: PAGE_ITEMS, ...(cursor === undefined ? {} : { cursor }) }
    const page = await client.call({ path, ...(params ? { params } : {}), query: asked, schema: pageOf(schema) })
    if (!page.ok) return clientTrouble(page.error)
    items.push(...page.value.items)
    if (page.value.nextCursor === null) return ok(items)
    cursor = page.value.nextCursor
  }
}

/** Cells under one another; what is absent leaves no trace at the end of a line. */
export const inColumns = (rows: readonly (readonly string[])[]): readonly string[] => {
  const widths: number[] = []
  for (const row of rows) {
    for (const [index, cell] of row.entries()) widths[index] = Math.max(widths[index] ?? 0, cell.length)
  }
  return rows.map((row) =>
    row
      .map((cell, index) => cell.padEnd(widths[index] ?? 0))
      .join('  ')
      .trimEnd(),
  )
}

/** `name` is the list's key in the JSON document, and what is said when there is none. */
export const listed = async <T>(
  client: ApiClient,
  name: string,
  request: Parameters<typeof readPages<T>>[1],
  row: (item: T) => readonly string[],
): Promise<Outcome> => {
  const read = await readPages(client, request)
  if (!read.ok) return read
  const lines = read.value.length > 0 ? inColumns(read.value.map(row)) : [`No ${name}.`]
  return ok({ document: { [name.replace(/ (\w)/g, (_, letter: string) => letter.toUpperCase())]: read.value }, lines })
}

export const dayOf = (ms: number): string => new Date(ms).toISOString().slice(0, 10)
export const timeOf = (ms: number): string => new Date(ms).toISOString().slice(0, 19).replace('T', ' ')

/** Whoever cannot be asked must have said so: nothing that cannot be undone happens by a slip. */
export const confirmed = async (
  question: string,
  yes: boolean | undefined,
  terminal: Terminal,
): Promise<Result<void, Trouble>> => {
  if (yes) return ok(undefined)
  const answer = await terminal.ask(`${question} [y/N] `)
  if (answer === undefined) return usageTrouble('Nothing was done: say --yes.')
  return /^y(es)?$/i.test(answer.trim()) ? ok(undefined) : usageTrouble('Nothing was done.')
}
