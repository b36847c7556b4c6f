// Keys a project may sign with (pitfalls 09, 10, 11 and 12): what clients would refuse is refused when it comes in.
import { createPrivateKey, createPublicKey, generateKeyPairSync } from 'node:crypto'
import { generateKey, readKey } from 'openpgp'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { RSA_KEY } from '../support/own-keys.ts'
import { SHA1_KEY } from './sha1-key.ts'
import { api, freshPlatform, newOrganization, settle } from './web-fixture.ts'

// The Worker's own node:crypto neither locks a key nor writes this one: `openssl genpkey`, and `openssl pkey -aes256`.
const ED25519_PEM = `-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEIAH1GY1haZzxfdlqhLMPsPC2CYOAZLqvjAqwNOTar3jy
-----END PRIVATE KEY-----
`
const LOCKED_PEM = `-----BEGIN ENCRYPTED PRIVATE KEY-----
MIIFLTBXBgkqhkiG9w0BBQ0wSjApBgkqhkiG9w0BBQwwHAQIcG5CoyONcYoCAggA
MAwGCCqGSIb3DQIJBQAwHQYJYIZIAWUDBAEqBBBtb/lERCqtLywXSAxzl/ZVBIIE
0FWys7abLq91k+0vqnIupJZeksNHs63FeHadjONsHR/AYufM5I0Dm8PAGaFShip+
TLJBqabOD/+AVx86FK6gZ3IV366qLFr8t+Qs7UYox0PLL1k9M0/Y2iLzSODn0Y4U
Unt1D6V4/V9a3wKGVbCcjsAadO3SgJL87HNotgLykrIVpnZ6AY2E+lYtJIe8XWW4
ERfml8byCrYLr4OhitBrLtEMa1j18IHZfFk+F4/xO1yMcLnbFB2k8Aq8LXivY+ZG
FDMF0Muq0fVv7Au8ir1cZ02olH4RTKpT/XfOjXYtgy2LrII2jQMqDUQDgfE28yrD
gvSwo400lkEKSfaPB6x7128FgrPq6lO96jhf3NqpQAgNyqUaTSWRM8ISfzfUZeHd
CqptanHSgtQgQdCmPOHLgWhkh3sX1zpLbBTHf0lRashsj0KomxrkAtPBmjINyi1w
cTV6k8IeFe/3IK1sYz1rqE5oj27jL2BvBwS7R7rQoWNRd1hmA4CEFMnvhvQmhd4F
wN2qcyukzvGt1spcx5c1G2hSApTvu3oQLzOftRPXhv7XlHLLPnWmqVpBFEZepAH5
TZhKzcr6/nqm+Lh1yVPFGh/i+gdvHHfOLwqjwPBX5sKKGigkSad4SIbBreObPZ1x
sEUepFT5bQZWjwh36cVWZpgPNW9v1luE2ia6lx9FZTuIWyYpJwhFQuiBiOTJs5Fa
Lndrj8srPnbcKOHmPFNxB6hEtX9qNvaH+CwLlqjDXblTbhW+7CgaPKT899hCkiqP
wxxUCJ4dAuA55zNlwv+8EeJ2TdFyjUwc4oPBYv1HIRzg6Asefu1zp4YZUTDqrgyZ
iziMYywV2fZLlciDlOJCFmZGYx7lXztPtvQ3v0P/yumBzGd0UPPEvW7Ic1rg+yKk
wlrJvA36Egq7FivM34DOEH2DmxN3FF0tT3YPhMyW/8tvBcfy9sLk2U1WN5AUQ72k
P8IgK1sXdlZVZiEVgb7ew7wLTlK03GZrghNtrlHh4rSuG4tc5utehw6Olqt9caD5
3KmTjIQqHBvPU/D38G3usa7SX0OIQgpW0hNW0sGB3OLYlXi/bzJAda+aQ+x9BeGK
gsIhVjmkHYOIwPGNabAF06reSNCKCuTGL5aoUkWiXBnZYYENT1pmjSBfRXCoyMsT
qkIAr8TYaDXJOpZtQHtqn7Gbr5M9n98HLe0JeFXhmHsEuURglpGPL+6wXINeWtqg
zdqqqTfN1LxY7cloDL2DnnEvyuO//EDm2fsuyfGLdA1275sknjMTyWf6emW9itu5
E0zzsKGOjyvH6aymgqeppY897eDGIMF+QTQ32M/YutnKEZStrPFrmvsxoGrXwTsd
spRmKkWd2/vLvFGN7CiFbek146G8oukDRmxjyWQR3oVhUrCVrlf17unMJ8uqT/aR
TAgsi8/BklyCJUaRWh3H/sV/dB5VdZQQiIlWenVhHASoISBXmHlYojHXfoK5V0dL
Ns6fTBENpIRDQoHbo6ftvCyxtO+WtaqP9bPBT34TxVZjIPr3dHJZS6H2csJhP0RO
gMc/jmEY1xZ9ZYy9uu2CU1/MXHkdsFnXbPVvxOwy08rTcExaFk9W+v7zhjGSsItB
T9EtqvkomRt8oEsPY2slbUUN66Kc2jxwQmtBjZhZ/VbM
-----END ENCRYPTED PRIVATE KEY-----
`

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

describe('an RSA key of one’s own for apk', () => {
  const name = 'maintainer@example.org-1.rsa.pub'
  const bring = (project: string, privateKey: string, file = name) =>
    api('PUT', `/projects/acme/${project}`, {
      token: acme,
      json: { signing: { kind: 'ed25519', rsa: { name: file, privateKey } } },
    })
  const make = (type: 'pkcs1' | 'pkcs8', modulusLength = 2048) =>
    generateKeyPairSync('rsa', { modulusLength }).privateKey.export({ type, format: 'pem' }) as string

  it.each(['pkcs1', 'pkcs8'] as const)(
    'as openssl writes it (%s) keeps its name and is given to readers',
    async (type) => {
      const pem = make(type)
      const own = `${type}-${name}`
      expect(await bring(`own-${type}`, pem, own)).toMatchObject({ status: 201, body: { rsaKeyName: own } })
      const { items } = (await api('GET', `/projects/acme/own-${type}/keys`, { token: acme })).body
      const publicKey = createPublicKey(createPrivateKey(pem)).export({ type: 'spki', format: 'pem' })
      expect(items.find(({ kind }: { kind: string }) => kind === 'rsa')).toMatchObject({ name: own, publicKey })
    },
  )

  const refusals: [string, () => string, RegExp][] = [
    ['a short one', () => make('pkcs8', 1024), /1024 bits, and 2048/],
    ['one that apk cannot read', () => ED25519_PEM, /ed25519, and apk reads RSA alone/],
    ['one that is locked', () => LOCKED_PEM, /locked by a passphrase/],
    ['text that is no key', () => 'hello', /not one private key in PEM/],
  ]
  it.each(refusals)('%s is refused with the reason', async (_name, key, reason) => {
    const answer = await bring('refused', key())
    expect([answer.status, answer.body.error.code]).toEqual([422, 'key_refused'])
    expect(answer.body.error.message).toMatch(reason)
    expect((await api('GET', '/projects/acme/refused', { token: acme })).status).toBe(404)
  })

  it.each([
    'alpine-devel@lists.alpinelinux.org-6165ee59.rsa.pub',
    'wolfi-signing.rsa.pub',
    'build.postmarketos.org.rsa.pub',
    'packages@AdelieLinux.org-1.rsa.pub',
  ])('is not called %s: readers have a key of that name already', async (file) => {
    const { status, body } = await bring('refused', make('pkcs8'), file)
    expect([status, body.error.code]).toEqual([422, 'key_refused'])
    expect(body.error.message).toContain('like a distribution')
  })

  it('takes no name that a key of another repository has, and may be the same key there', async () => {
    const file = 'shared@example.org-1.rsa.pub'
    const pem = make('pkcs8')
    expect((await bring('shared-one', pem, file)).status).toBe(201)
    expect((await bring('shared-two', pem, file)).status).toBe(201)
    const rival = await newOrganization('rival')
    const signing = { kind: 'ed25519', rsa: { name: file, privateKey: make('pkcs8') } }
    const taken = await api('PUT', '/projects/rival/shared', { token: rival, json: { signing } })
    expect([taken.status, taken.body.error.code]).toEqual([422, 'key_refused'])
    const rotated = await api('POST', '/projects/acme/own-pkcs8/keys/rotate', { token: acme, json: { signing } })
    expect([rotated.status, rotated.body.error.code]).toEqual([422, 'key_refused'])
  })

  it.each(['../../etc/x.rsa.pub', 'x.pub', '.rsa.pub', `${'x'.repeat(90)}.rsa.pub`, 'a\n.rsa.pub'])(
    'does not become the file %j',
    async (file) => {
      expect((await bring('refused', RSA_KEY, file)).status).toBe(400)
    },
  )
})

it('Ed25519 on request is the legacy form that gpg and rpm read', async () => {
  const answer = await api('PUT', '/projects/acme/small', { token: acme, json: { signing: { kind: 'ed25519' } } })
  expect(answer.status).toBe(201)
})
