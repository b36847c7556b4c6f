// A project's signing keys: which there are, and how one follows another without a reader noticing.
import * as z from 'zod'
import { requestObject } from './request.ts'

/**
 * abuild-keygen's names: `you@example.org-5f3ac1d2.rsa.pub`. It becomes a file of readers, a part of
 * addresses, and with a few words before it the name of a tar member, which has room for 100.
 */
const rsaKeyName = z
  .string()
  .max(80)
  .regex(/^[A-Za-z0-9][A-Za-z0-9@._+-]*\.rsa\.pub$/)

/** For an Alpine repository that moves here: readers who have its key go on without a new one. */
const ownRsaKeySchema = requestObject({
  name: rsaKeyName.meta({ description: 'The file in readers’ /etc/apk/keys, to the letter.' }),
  privateKey: z
    .string()
    .max(20_000)
    .meta({ description: 'PEM (PKCS#8 or PKCS#1), without passphrase. Kept sealed, never shown.' }),
})
  .optional()
  .meta({ description: 'An RSA key of your own for apk; without it one of 4096 bits is made.' })

/** What new keys are to be: `kind` says of which kind the OpenPGP key is. */
export const newKeySchema = z
  .discriminatedUnion('kind', [
    requestObject({ kind: z.literal('rsa4096'), rsa: ownRsaKeySchema }).meta({
      description: 'What every client accepts; the default.',
    }),
    requestObject({ kind: z.literal('ed25519'), rsa: ownRsaKeySchema }).meta({
      description: 'Small and quick; EL 9 and old rpm refuse it.',
    }),
    requestObject({
      kind: z.literal('import'),
      rsa: ownRsaKeySchema,
      privateKey: z
        .string()
        .max(100_000)
        .meta({ description: 'Armored, without passphrase. Kept sealed, never shown.' }),
    }),
  ])
  .default({ kind: 'rsa4096' })
export type NewKey = z.infer<typeof newKeySchema>

/**
 * signing: signs everything. next: its public half is given to readers, and it signs beside the first wherever a client
 * takes two signatures. retired: signs nothing more; readers keep it for packages it signed. revoked: given to nobody.
 */
export const keyStateSchema = z.enum(['signing', 'next', 'retired', 'revoked'])
export type KeyState = z.infer<typeof keyStateSchema>

export const keySchema = z
  .object({
    kind: z
      .enum(['openpgp', 'rsa', 'usign'])
      .meta({ description: 'RSA keys are apk’s, usign’s are opkg’s, OpenPGP is for all other clients' }),
    name: z
      .string()
      .meta({ description: 'The fingerprint; of others the file’s name in /etc/apk/keys or /etc/opkg/keys' }),
    state: keyStateSchema,
    publicKey: z.string(),
    createdAtMs: z.number(),
  })
  .meta({ id: 'SigningKey' })
export const keysSchema = z.object({ items: z.array(keySchema) }).meta({ id: 'SigningKeys' })
export type SigningKey = z.infer<typeof keySchema>

// Strict: a misspelt word must not make keys, or end them, in another way than was meant.
export const rotateKeysSchema = requestObject({ signing: newKeySchema }).meta({ id: 'RotateKeys' })
export const retireKeysSchema = requestObject({
  compromised: z.boolean().default(false).meta({
    description: 'Readers are told to trust it no more: packages it signed must be published anew for rpm and pacman.',
  }),
}).meta({ id: 'RetireKeys' })
