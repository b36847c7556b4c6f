// How one signing key follows another. Rotating makes the next keys: readers are given them, and indexes are signed by
// both wherever a client takes two signatures. Retiring ends the old ones, when everybody has had time to fetch.
import type { KeyState, NewKey, SigningKey } from '@distropack/core/contract/keys.ts'
import { type Fault, fault } from '@distropack/core/fault.ts'
import { err, ok, type Result } from '@distropack/core/result.ts'
import { and, eq, sql } from 'drizzle-orm'
import { batchAfter } from '../../db/insert-when.ts'
import { signingKeys } from '../../db/schema.ts'
import { type KeyRow, makeKeys, readKeys } from '../../signing/keyring.ts'
import type { Project } from '../access/access.ts'
import { newId } from '../platform/ids.ts'
import { finishLeft, notingPublisher, settleClosing, settleOutbox } from '../platform/outbox.ts'
import type { Platform } from '../platform/platform.ts'
import { prepareAudit } from '../platform/record.ts'
import { refuseKeyName } from './key-names.ts'

const viewKey = ({ kind, name, state, publicKey, createdAtMs }: KeyRow): SigningKey => ({
  kind,
  name,
  state,
  publicKey,
  createdAtMs,
})

/** Public halves only; those at work first. */
export const listKeys = async ({ db }: Platform, project: Project): Promise<SigningKey[]> =>
  (await readKeys(db, project.id)).map(viewKey)

const namesOf = (rows: readonly KeyRow[]): readonly string[] => rows.map(({ name }) => name)

const underWay = fault(
  'conflict',
  'The next keys are there already. Retire the old ones before you make others; until then both are in use.',
)

/** And finishes what the first request may have left undone. */
const refuseSecond = async (platform: Platform, project: Project): Promise<Result<never, Fault>> => {
  const finished = await finishLeft(platform, 'publisher', project.id)
  return finished.ok ? err(underWay) : finished
}

/** Takes some seconds of CPU. */
export const rotateKeys = async (
  platform: Platform,
  project: Project,
  signing: NewKey,
): Promise<Result<SigningKey[], Fault | readonly Fault[]>> => {
  const { db, nowMs } = platform
  const present = await readKeys(db, project.id)
  if (present.some(({ state }) => state === 'next')) return refuseSecond(platform, project)
  const misnamed = await refuseKeyName(platform, project.id, signing)
  if (misnamed) return err(misnamed)
  const vault = await platform.vault()
  if (!vault.ok) return vault
  const { id, organization, slug } = project
  const owner = { id, organization, slug, suffix: newId('key', nowMs()).slice(-8), state: 'next' } as const
  const made = await makeKeys(owner, signing, vault.value, nowMs())
  if (!made.ok) return made
  if (present.some(({ name }) => namesOf(made.value).includes(name))) {
    return err(fault('conflict', 'This project has, or had, this key. The next one must be another.'))
  }
  const recorded = await prepareAudit(platform, {
    organizationId: project.organizationId,
    projectId: id,
    action: 'key.added',
    subject: slug,
    after: namesOf(made.value),
  })
  try {
    const [, noted] = await batchAfter(db, recorded.statements, [
      db.insert(signingKeys).values(made.value),
      notingPublisher(platform, id),
    ])
    await settleOutbox(platform, noted)
  } catch (error) {
    // Somebody else rotated while these were being made; theirs stand.
    const isBeaten = (await readKeys(db, id)).some(({ state }) => state === 'next')
    if (!isBeaten) throw error
    return refuseSecond(platform, project)
  }
  await recorded.tell()
  return ok(await listKeys(platform, project))
}

/** The next keys sign alone from now on. `isCompromised`: readers are no longer given the old ones at all. */
export const retireKeys = async (
  platform: Platform,
  project: Project,
  isCompromised: boolean,
): Promise<Result<SigningKey[], Fault>> => {
  const { db } = platform
  const rows = await readKeys(db, project.id)
  const old = rows.filter(({ state }) => state === 'signing')
  const next = rows.filter(({ state }) => state === 'next')
  if (next.length === 0) {
    const finished = await finishLeft(platform, 'publisher', project.id)
    if (!finished.ok) return finished
    return err(fault('conflict', 'There is no next key to go on with. Rotate first, and retire when readers have it.'))
  }
  // Compare-and-set by name: a second request finds nothing left to change.
  const change = ({ kind, name, state }: KeyRow, to: KeyState) => {
    const { projectId } = signingKeys
    const mine = and(eq(projectId, project.id), eq(signingKeys.kind, kind), eq(signingKeys.name, name))
    return db
      .update(signingKeys)
      .set({ state: to })
      .where(and(mine, eq(signingKeys.state, state)))
  }
  const { projectId, state } = signingKeys
  const isNext = sql`exists (select 1 from ${signingKeys} where ${projectId} = ${project.id} and ${state} = 'next')`
  const audited = {
    organizationId: project.organizationId,
    projectId: project.id,
    action: 'key.retired',
    subject: project.slug,
    before: namesOf(old),
    after: namesOf(next),
  } as const
  const recorded = await prepareAudit(platform, audited, isNext)
  const changes = [
    ...old.map((row) => change(row, isCompromised ? 'revoked' : 'retired')),
    ...next.map((row) => change(row, 'signing')),
  ]
  const [noted] = await batchAfter(db, [...recorded.statements, ...changes], [notingPublisher(platform, project.id)])
  await recorded.tell()
  // A key that others may have is not called ended while readers are still given it.
  const settled = await settleClosing(platform, noted)
  return settled.ok ? ok(await listKeys(platform, project)) : settled
}
