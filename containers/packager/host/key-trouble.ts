// What can be wrong with a key of the user's, and where its passphrase comes from.
import type { FaultCode } from '@distropack/core/fault.ts'

export type SignatureKey = 'key_file' | 'key_id' | 'key_name'

/** What is wrong, and with which key of the manifest's `signature` block. Never holds a secret. */
export class KeyTrouble extends Error {
  readonly code: FaultCode
  readonly key: SignatureKey
  constructor(code: FaultCode, key: SignatureKey, message: string) {
    super(message)
    this.code = code
    this.key = key
  }
}

export interface Passphrase {
  readonly text: string | undefined
  /** For messages: the variables it may come from. */
  readonly variables: string
}

/** nFPM's variables: the format's own wins over the common one; an empty one is none. */
export const passphraseFor = (manifestName: string, env: Readonly<Record<string, string | undefined>>): Passphrase => {
  const own = `NFPM_${manifestName.toUpperCase()}_PASSPHRASE`
  return { text: env[own] || env.NFPM_PASSPHRASE || undefined, variables: `${own} or NFPM_PASSPHRASE` }
}

/** The file as a person named it, its bytes, and what may open it. */
export interface KeyFile {
  readonly file: string
  readonly bytes: Uint8Array
  readonly passphrase: Passphrase
}

export const locked = ({ file, passphrase }: KeyFile): KeyTrouble =>
  new KeyTrouble(
    'key_refused',
    'key_file',
    passphrase.text === undefined
      ? `${file} is locked by a passphrase: set ${passphrase.variables}`
      : `the passphrase in ${passphrase.variables} does not open ${file}`,
  )

export const refused = (message: string, key: SignatureKey = 'key_file'): KeyTrouble =>
  new KeyTrouble('key_refused', key, message)
