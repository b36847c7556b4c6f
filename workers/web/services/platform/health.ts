// Is the platform able to work, and what is it at? For whoever watches it.
import { objectKey } from '@distropack/core/contract/objects.ts'
import { count, sql } from 'drizzle-orm'
import { artifacts, builds, jobs, organizations, projects, publications } from '../../db/schema.ts'
import { users } from '../../db/tables/accounts.ts'
import { outbox } from '../../db/tables/outbox.ts'
import { deliveries } from '../../db/tables/webhooks.ts'
import { STUCK_AFTER_ATTEMPTS } from './outbox.ts'
import type { Platform } from './platform.ts'

export interface Readiness {
  readonly ready: boolean
  /** By part: `ok`, or in a word what is wrong. Never an error's own text. */
  readonly parts: Readonly<Record<string, string>>
}

const probe = async (work: () => Promise<unknown>): Promise<string> => {
  try {
    await work()
    return 'ok'
  } catch {
    return 'unreachable'
  }
}

export const readReadiness = async (platform: Platform): Promise<Readiness> => {
  const [database, bucket, vault] = await Promise.all([
    probe(() => platform.db.run(sql`select 1`)),
    probe(() => platform.bucket.head(objectKey.head('-', '-'))),
    platform.vault(),
  ])
  const parts = { database, bucket, keys: vault.ok ? 'ok' : vault.error.code }
  return { ready: Object.values(parts).every((part) => part === 'ok'), parts }
}

interface Sample {
  readonly labels?: Readonly<Record<string, string>>
  readonly value: number
}

const family = (name: string, help: string, samples: readonly Sample[]): string => {
  const lines = samples.map(({ labels = {}, value }) => {
    const text = Object.entries(labels).map(([key, label]) => `${key}="${label.replaceAll(/["\\\n]/g, '_')}"`)
    return `distropack_${name}${text.length > 0 ? `{${text.join(',')}}` : ''} ${value}`
  })
  return [`# HELP distropack_${name} ${help}`, `# TYPE distropack_${name} gauge`, ...lines].join('\n')
}

const stateOfOutbox = sql<string>`case when ${outbox.attempts} >= ${STUCK_AFTER_ATTEMPTS} then 'stuck' else 'waiting' end`

/** Prometheus' text exposition format, version 0.0.4. Counts of rows: for scraping by the minute, not by the second. */
export const renderMetrics = async ({ db }: Platform): Promise<string> => {
  const [jobRows, offerRows, deliveryRows, outboxRows, totals] = await Promise.all([
    db.select({ state: jobs.state, n: count() }).from(jobs).groupBy(jobs.state),
    db.select({ state: publications.state, n: count() }).from(publications).groupBy(publications.state),
    db.select({ state: deliveries.state, n: count() }).from(deliveries).groupBy(deliveries.state),
    db.select({ state: stateOfOutbox, n: count() }).from(outbox).groupBy(stateOfOutbox),
    db.batch([
      db.select({ n: count() }).from(users),
      db.select({ n: count() }).from(organizations),
      db.select({ n: count() }).from(projects),
      db.select({ n: count() }).from(builds),
      db.select({ n: count(), bytes: sql<number>`coalesce(sum(${artifacts.sizeBytes}), 0)` }).from(artifacts),
    ]),
  ])
  const [userRow, organizationRow, projectRow, buildRow, artifactRow] = totals
  const byState = (rows: readonly { state: string; n: number }[]): readonly Sample[] =>
    rows.map(({ state, n }) => ({ labels: { state }, value: n }))
  const one = (value: number | undefined): readonly Sample[] => [{ value: value ?? 0 }]
  return `${[
    family('jobs', 'Jobs by state; dead ones wait for an operator.', byState(jobRows)),
    family('publications', 'Offers of package files by state; pending ones wait for a generation.', byState(offerRows)),
    family('webhook_deliveries', 'Notices of the last 30 days by state.', byState(deliveryRows)),
    family('outbox', 'What follows a change and is not done yet; stuck: failed again and again.', byState(outboxRows)),
    family('users', 'Accounts.', one(userRow[0]?.n)),
    family('organizations', 'Organizations.', one(organizationRow[0]?.n)),
    family('projects', 'Projects, each a repository.', one(projectRow[0]?.n)),
    family('builds', 'Builds ever asked for.', one(buildRow[0]?.n)),
    family('artifacts', 'Package files ever made or taken.', one(artifactRow[0]?.n)),
    family('artifact_bytes', 'Their size.', one(artifactRow[0]?.bytes)),
  ].join('\n')}\n`
}
