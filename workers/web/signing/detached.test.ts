// A signature over a stream is one that openpgp.js verifies, whatever the sizes, and stands for exactly those bytes.
import { sourceOf } from '@distropack/core/bytes/arrays.ts'
import type { OpenPgpSigner } from '@distropack/core/tools.ts'
import { createMessage, generateKey, readKey, readSignature, verify } from 'openpgp'
import { beforeAll, describe, expect, it } from 'vitest'
import { openPgpSigner } from './openpgp.ts'

const userIDs = [{ name: 'test' }]
const KINDS: Readonly<Record<string, Omit<Parameters<typeof generateKey>[0], 'format'>>> = {
  'an RSA key': { type: 'rsa', rsaBits: 2048, userIDs, subkeys: [] },
  'an Ed25519 key': { type: 'ecc', curve: 'ed25519Legacy', userIDs, subkeys: [] },
  'a subkey': { type: 'ecc', curve: 'ed25519Legacy', userIDs, subkeys: [{ sign: true }] },
}

describe.each(Object.entries(KINDS))('with %s', (_, options) => {
  let signer: OpenPgpSigner
  beforeAll(async () => {
    const { privateKey } = await generateKey({ ...options, format: 'armored' })
    signer = await openPgpSigner(privateKey)
  })

  const isGood = async (bytes: Uint8Array, binarySignature: Uint8Array): Promise<boolean> => {
    const verified = await verify({
      message: await createMessage({ binary: bytes as Uint8Array<ArrayBuffer> }),
      signature: await readSignature({ binarySignature: binarySignature as Uint8Array<ArrayBuffer> }),
      verificationKeys: await readKey({ armoredKey: signer.publicKeyArmored }),
    })
    return verified.signatures[0]!.verified.catch(() => false)
  }

  it.each([0, 1, 100_000])('signs %i bytes in pieces as openpgp.js signs them whole', async (sizeBytes) => {
    const bytes = Uint8Array.from({ length: sizeBytes }, (_, at) => at % 251)
    const pieces = [bytes.subarray(0, 7), bytes.subarray(7, 60_000), bytes.subarray(60_000)]
    const streamed = await signer.detachSign(sourceOf(...pieces), 'binary')
    expect(await isGood(bytes, streamed)).toBe(true)
    expect(await isGood(bytes, await signer.detachSign(bytes, 'binary'))).toBe(true)
    expect(await isGood(Uint8Array.of(...bytes, 1), streamed)).toBe(false)
  })

  it('has no number with a leading zero: 64 signatures all verify', async () => {
    const results: boolean[] = []
    for (let at = 0; at < 64; at++) {
      const bytes = Uint8Array.of(at)
      results.push(await isGood(bytes, await signer.detachSign(sourceOf(bytes), 'binary')))
    }
    expect(results.every(Boolean)).toBe(true)
  })
})
