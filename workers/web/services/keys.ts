// How one signing key follows another. Rotating makes the next keys: readers are given them, and indexes are signed by
// both wherever a client takes two signatures. Retiring ends the old ones, when everybody has had time to fetch.
import type { KeyState, NewKey, SigningKey } from '@distropack/core/contract/keys.ts'
import { type Fault, fault } from '@distropack/core/fault.ts'
import { err, ok, type Result } from '@distropack/core/result.ts'
import { and, eq } from 'drizzle-orm'
import { signingKeys } from '../db/schema.ts'
import { type KeyRow, makeKeys, readKeys } from '../signing/keyring.ts'
import type { Project } from './access.ts'
import { newId } from './ids.ts'
import { refuseKeyName } from './key-names.ts'
import type { Platform } from './platform.ts'
import { publisherOf } from './projects.ts'
import { recording } from './record.ts'

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

/** Takes some seconds of CPU. */
export const rotateKeys = async (
  platform: Platform,
  project: Project,
  signing: NewKey,
): Promise<Result<SigningKey[], Fault | readonly Fault[]>> => {
  const { db, nowMs } = platform
  const present = await readKeys(db, project.id)
  if (present.some(({ state }) => state === 'next')) return err(underWay)
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
  try {
    await db.batch([
      db.insert(signingKeys).values(made.value),
      recording(platform, {
        organizationId: project.organizationId,
        projectId: id,
        action: 'key.added',
        subject: slug,
        after: namesOf(made.value),
      }),
    ])
  } catch (error) {
    // Somebody else rotated while these were being made; theirs stand.
    const isBeaten = (await readKeys(db, id)).some(({ state }) => state === 'next')
    if (!isBeaten) throw error
    return err(underWay)
  }
  await publisherOf(platform, id).publish(id)
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
  await db.batch([
    recording(platform, {
      organizationId: project.organizationId,
      projectId: project.id,
      action: 'key.retired',
      subject: project.slug,
      before: namesOf(old),
      after: namesOf(next),
    }),
    ...old.map((row) => change(row, isCompromised ? 'revoked' : 'retired')),
    ...next.map((row) => change(row, 'signing')),
  ])
  await publisherOf(platform, project.id).publish(project.id)
  return ok(await listKeys(platform, project))
}
