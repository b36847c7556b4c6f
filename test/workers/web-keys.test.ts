// Keys a project may sign with (pitfalls 09, 10, 11 and 12): what clients would refuse is refused when it comes in.
import { generateKey, readKey } from 'openpgp'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { SHA1_KEY } from './sha1-key.ts'
import { api, freshPlatform, newOrganization, settle } from './web-fixture.ts'

let acme: string
afterAll(settle)
beforeAll(async () => {
  await freshPlatform()
  acme = await newOrganization('acme')
})

const rsa = async (options: { bits?: number; expiresSeconds?: number; created?: Date; passphrase?: string } = {}) => {
  const { privateKey } = await generateKey({
    type: 'rsa',
    rsaBits: options.bits ?? 2048,
    userIDs: [{ name: 'Acme' }],
    subkeys: [],
    date: options.created ?? new Date(),
    config: { minRSABits: 1024 },
    ...(options.expiresSeconds ? { keyExpirationTime: options.expiresSeconds } : {}),
    ...(options.passphrase ? { passphrase: options.passphrase } : {}),
  })
  return privateKey
}

const create = (project: string, privateKey: string) =>
  api('PUT', `/projects/acme/${project}`, { token: acme, json: { signing: { kind: 'import', privateKey } } })

describe('an imported key', () => {
  it('signs the repository under its own fingerprint', async () => {
    const armored = await rsa()
    const fingerprint = (await readKey({ armoredKey: armored })).getFingerprint().toUpperCase()
    const answer = await create('imported', armored)
    expect([answer.status, answer.body.openpgpFingerprint]).toEqual([201, fingerprint])
  })

  it('with a SHA-1 self-signature is refused, with the way out', async () => {
    const answer = await create('weak', SHA1_KEY)
    expect([answer.status, answer.body.error.code]).toEqual([422, 'key_refused'])
    expect(answer.body.error.message).toMatch(/SHA-1.*cert-digest-algo/)
  })

  const refusals: [string, () => Promise<string>, RegExp][] = [
    ['a short RSA key', () => rsa({ bits: 1024 }), /1024 bits/],
    ['an expired key', () => rsa({ created: new Date(Date.now() - 9e9), expiresSeconds: 60 }), /expired on/],
    ['a key that will expire', () => rsa({ expiresSeconds: 86_400 * 300 }), /expires on .* every reader/],
    ['a key locked by a passphrase', () => rsa({ passphrase: 'secret' }), /passphrase/],
    ['text that is no key', async () => 'hello', /not one armored/],
    [
      'a curve that rpm does not read',
      async () => (await generateKey({ type: 'curve25519', userIDs: [{ name: 'A' }] })).privateKey,
      /neither rpm nor older gpg/,
    ],
  ]
  it.each(refusals)('%s is refused with the reason', async (_name, make, reason) => {
    const answer = await create('refused', await make())
    expect([answer.status, answer.body.error.code]).toEqual([422, 'key_refused'])
    expect(answer.body.error.message).toMatch(reason)
    expect((await api('GET', '/projects/acme/refused', { token: acme })).status).toBe(404)
  })
})

it('Ed25519 on request is the legacy form that gpg and rpm read', async () => {
  const answer = await api('PUT', '/projects/acme/small', { token: acme, json: { signing: { kind: 'ed25519' } } })
  expect(answer.status).toBe(201)
})
