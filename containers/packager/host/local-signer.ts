// The user's own key for `build` on this machine, as the manifest's `signature` block names it (nFPM's keys). The
// key stays in this process; neither it nor its passphrase is sent, logged or written.
import { readFile } from 'node:fs/promises'
import { type Fault, fault } from '@distropack/core/fault.ts'
import type { Format } from '@distropack/core/format.ts'
import type { PackageSpec } from '@distropack/core/model/spec.ts'
import { err, ok, type Result } from '@distropack/core/result.ts'
import type { PackageSigner } from '@distropack/core/tools.ts'
import { KeyTrouble, passphraseFor } from './key-trouble.ts'

/** What the blocks of all formats have in common, already expanded; a format adds keys of its own. */
interface SignatureBlock {
  readonly key_file?: string
  readonly key_id?: string
  readonly key_name?: string
}

const signatureOf = ({ block }: PackageSpec): SignatureBlock =>
  (block as { readonly signature?: SignatureBlock } | undefined)?.signature ?? {}

/** Whether the manifest wants packages signed by a key of its own. */
export const hasLocalKey = (spec: PackageSpec): boolean => Boolean(signatureOf(spec).key_file)

const readKeyFile = async (path: string): Promise<Uint8Array> => {
  try {
    return await readFile(path)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    const why =
      code === 'ENOENT' ? 'is not there (paths are relative to the working folder)' : `cannot be read: ${code}`
    throw new KeyTrouble('source_missing', 'key_file', `the key file ${path} ${why}`)
  }
}

/** Nothing when the manifest names no key. A fault's `where.key` is the key of the manifest that is wrong. */
export const localSigner = async (
  { localKey, manifestName }: Pick<Format, 'localKey' | 'manifestName'>,
  spec: PackageSpec,
  env: Readonly<Record<string, string | undefined>>,
): Promise<Result<PackageSigner | undefined, Fault>> => {
  const { key_file: file, key_id: keyId, key_name: keyName } = signatureOf(spec)
  if (!localKey || !file) return ok(undefined)
  try {
    const key = { file, bytes: await readKeyFile(file), passphrase: passphraseFor(manifestName, env) }
    // Loaded where a key is used: most commands sign nothing, and openpgp.js is large.
    if (localKey === 'rsa') {
      const { rsaSigner } = await import('./rsa-key.ts')
      return ok({ rsa: rsaSigner(key, keyName, spec.maintainer) })
    }
    const { openPgpSigner } = await import('./openpgp-key.ts')
    return ok({ openpgp: await openPgpSigner(key, keyId) })
  } catch (error) {
    if (!(error instanceof KeyTrouble)) throw error
    return err(fault(error.code, error.message, { key: `${manifestName}.signature.${error.key}` }))
  }
}
