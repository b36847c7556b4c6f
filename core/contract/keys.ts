// A project's signing keys: which there are, and how one follows another without a reader noticing.
import { z } from 'zod'

/** What a new key is to be. */
export const newKeySchema = z
  .discriminatedUnion('kind', [
    z.object({ kind: z.literal('rsa4096') }).meta({ description: 'What every client accepts; the default.' }),
    z.object({ kind: z.literal('ed25519') }).meta({ description: 'Small and quick; EL 9 and old rpm refuse it.' }),
    z.object({
      kind: z.literal('import'),
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
export const rotateKeysSchema = z.strictObject({ signing: newKeySchema }).meta({ id: 'RotateKeys' })
export const retireKeysSchema = z
  .strictObject({
    compromised: z.boolean().default(false).meta({
      description:
        'Readers are told to trust it no more: packages it signed must be published anew for rpm and pacman.',
    }),
  })
  .meta({ id: 'RetireKeys' })
