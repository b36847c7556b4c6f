// A good OpenPGP key that signed nothing: whoever trusts it must refuse the repository.
import { generateKey } from 'openpgp'

let armored: Promise<string> | undefined

export const makeForeignKey = (): Promise<string> => {
  armored ??= generateKey({ type: 'rsa', rsaBits: 2048, userIDs: [{ name: 'Somebody Else' }] }).then(
    ({ publicKey }) => publicKey,
  )
  return armored
}
