// What is wrong with an OpenPGP key somebody wants to sign a repository with, before readers find out: sqv (Debian
// 13) and EL9 refuse SHA-1 self-signatures, every client refuses expired keys, rpm cannot read the new curve forms.
import { type Fault, fault } from '@distropack/core/fault.ts'
import { err, ok, type Result } from '@distropack/core/result.ts'
import { enums, type PrivateKey, readPrivateKey, type SignaturePacket } from 'openpgp'

/** NIST SP 800-131A: 2048 is the least; apt 3 refuses less (measured: 1024 refused, 2048 accepted). */
const MIN_RSA_BITS = 2048

const WEAK_HASHES: ReadonlyMap<number, string> = new Map([
  [enums.hash.md5, 'MD5'],
  [enums.hash.sha1, 'SHA-1'],
  [enums.hash.ripemd, 'RIPEMD-160'],
])

const refused = (reason: string): Fault => fault('key_refused', `This key cannot sign a repository: ${reason}`)

const lintAlgorithm = (key: PrivateKey): Fault[] => {
  const { algorithm, bits, curve } = key.getAlgorithmInfo()
  if (algorithm.startsWith('rsa')) {
    if ((bits ?? 0) >= MIN_RSA_BITS) return []
    return [refused(`its RSA modulus has ${bits} bits, and apt refuses less than ${MIN_RSA_BITS}. Make one of 4096.`)]
  }
  // Algorithm 22 with the old curve id: what gpg 2.2 and rpm 4.18 read. Algorithm 27 they do not.
  if (algorithm === 'eddsaLegacy' && curve === 'ed25519Legacy') return []
  return [
    refused(`neither rpm nor older gpg reads its algorithm (${curve ?? algorithm}). Use RSA-4096 or legacy Ed25519.`),
  ]
}

const lintSignatures = (key: PrivateKey): Fault[] => {
  const signatures: SignaturePacket[] = [
    ...key.users.flatMap(({ selfCertifications }) => selfCertifications),
    ...key.subkeys.flatMap(({ bindingSignatures }) => bindingSignatures),
  ]
  const weak = signatures.flatMap(({ hashAlgorithm }) => WEAK_HASHES.get(hashAlgorithm ?? 0) ?? [])
  if (weak.length === 0) return []
  return [
    refused(
      `a self-signature is made with ${weak[0]}, which apt of Debian 13 and RHEL 9 refuse. Renew it: ` +
        'gpg --cert-digest-algo SHA512 --edit-key KEY, then `expire` and `save`.',
    ),
  ]
}

const lintLifetime = async (key: PrivateKey, now: Date): Promise<Fault[]> => {
  const expires = await key.getExpirationTime()
  if (!(expires instanceof Date)) return []
  const when = expires.toISOString().slice(0, 10)
  if (expires <= now) return [refused(`it expired on ${when}. Renew it with gpg --edit-key, \`expire\`.`)]
  return [
    refused(
      `it expires on ${when}, and every reader's updates stop that day. Take the date off with ` +
        'gpg --edit-key, `expire`, 0.',
    ),
  ]
}

/** The key ready to sign, or every reason why clients would refuse what it signs. */
export const lintPrivateKey = async (armored: string, now: Date): Promise<Result<PrivateKey, readonly Fault[]>> => {
  let key: PrivateKey
  try {
    key = await readPrivateKey({ armoredKey: armored })
  } catch {
    return err([refused('it is not one armored OpenPGP private key (gpg --armor --export-secret-keys KEY).')])
  }
  if (!key.isDecrypted()) {
    return err([refused('it is locked by a passphrase, and nobody is there to type it. Export it without one.')])
  }
  const revoked = (await key.isRevoked()) ? [refused('it is revoked.')] : []
  const faults = [...lintAlgorithm(key), ...lintSignatures(key), ...revoked]
  // Dates of a key whose self-signatures do not hold say nothing.
  if (faults.length === 0) faults.push(...(await lintLifetime(key, now)))
  return faults.length > 0 ? err(faults) : ok(key)
}
