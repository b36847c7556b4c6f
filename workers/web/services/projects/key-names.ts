// Names of imported apk keys. A reader's /etc/apk/keys has one file a name, so a key under another's name would put itself
// in that one's place.
import type { NewKey } from '@distropack/core/contract/keys.ts'
import { type Fault, fault } from '@distropack/core/fault.ts'
import { and, eq, ne } from 'drizzle-orm'
import { signingKeys } from '../../db/schema.ts'
import { importRsaKey } from '../../signing/rsa.ts'
import type { Platform } from '../platform/platform.ts'

/** Whose keys are on machines already: in the names of the keys that these distributions install. */
const DISTRIBUTIONS =
  /alpinelinux|postmarketos|adelielinux|chimera-linux|wolfi|chainguard|openwrt|docker-linuxkit|hyperbola|pureos/i

/** Why this key may not be called so; undefined where it may, or is refused for what it is. */
export const refuseKeyName = async (
  { db }: Platform,
  projectId: string | undefined,
  { rsa }: NewKey,
): Promise<Fault | undefined> => {
  if (!rsa) return undefined
  const { name } = rsa
  if (DISTRIBUTIONS.test(name)) {
    return fault('key_refused', `"${name}" is called like a distribution's own key. Call it after yourself.`)
  }
  const key = importRsaKey(name, rsa.privateKey)
  if (!key.ok) return undefined
  const named = and(eq(signingKeys.kind, 'rsa'), eq(signingKeys.name, name))
  const others = and(named, ne(signingKeys.publicKey, key.value.publicKey))
  const elsewhere = projectId === undefined ? others : and(others, ne(signingKeys.projectId, projectId))
  const [taken] = await db.select({ name: signingKeys.name }).from(signingKeys).where(elsewhere).limit(1)
  if (!taken) return undefined
  const message = `Another key here is called "${name}", and readers of both would lose one. Call it otherwise.`
  return fault('key_refused', message)
}
