// How one signing key follows another, as the API tells it; what readers make of it is test/install/key-rotation.
import { generateKey } from 'openpgp'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { RSA_KEY } from '../support/own-keys.ts'
import { api, freshPlatform, newOrganization, settle } from './web-fixture.ts'

/** RSA keys take their time. */
const SLOW_MS = 60_000

let acme: string
afterAll(settle)
beforeAll(async () => {
  await freshPlatform()
  acme = await newOrganization('acme')
})

/** Quickly made. */
const newKey = async (): Promise<string> => {
  const made = await generateKey({ type: 'rsa', rsaBits: 2048, userIDs: [{ name: 'Acme' }], subkeys: [] })
  return made.privateKey
}
let rsaKeys = 0
/** The OpenPGP key with an RSA key under a name of its own. */
const own = (privateKey: string) => ({
  signing: { kind: 'import', privateKey, rsa: { name: `key-${rsaKeys++}.rsa.pub`, privateKey: RSA_KEY } },
})
const create = async (project: string, privateKey: string) =>
  api('PUT', `/projects/acme/${project}`, { token: acme, json: own(privateKey) })
const post = (project: string, word: string, json: object) =>
  api('POST', `/projects/acme/${project}/keys/${word}`, { token: acme, json })
const KINDS = ['openpgp', 'rsa', 'usign']
const states = (items: readonly { kind: string; state: string }[]) => items.map(({ kind, state }) => `${kind} ${state}`)

it(
  'a project has one key of each kind, and shows their public halves alone',
  async () => {
    await create('one', await newKey())
    const { status, body } = await api('GET', '/projects/acme/one/keys', { token: acme })
    expect([status, states(body.items).sort()]).toEqual([200, KINDS.map((kind) => `${kind} signing`)])
    expect(JSON.stringify(body)).not.toMatch(/PRIVATE/)
  },
  SLOW_MS,
)

it(
  'rotates once at a time, retires what was, and writes both down',
  async () => {
    const first = await newKey()
    await create('two', first)
    expect((await post('two', 'retire', {})).body.error.code).toBe('conflict')
    expect((await post('two', 'rotate', own(first))).status).toBe(409)
    expect((await post('two', 'rotate', own('no key'))).status).toBe(422)

    const both = await Promise.all(
      [await newKey(), await newKey()].map((privateKey) => post('two', 'rotate', own(privateKey))),
    )
    expect(both.map(({ status }) => status).sort()).toEqual([201, 409])
    const [made] = both.filter(({ status }) => status === 201)
    expect(states(made!.body.items).sort()).toEqual(KINDS.flatMap((kind) => [`${kind} next`, `${kind} signing`]))
    const next = made!.body.items.find(
      (key: { state: string; kind: string }) => key.state === 'next' && key.kind === 'openpgp',
    )

    expect((await api('GET', '/projects/acme/two', { token: acme })).body.openpgpFingerprint).not.toBe(next.name)
    const retired = await post('two', 'retire', {})
    expect(states(retired.body.items).sort()).toEqual(KINDS.flatMap((kind) => [`${kind} retired`, `${kind} signing`]))
    expect((await api('GET', '/projects/acme/two', { token: acme })).body.openpgpFingerprint).toBe(next.name)

    const { body } = await api('GET', '/organizations/acme/audit?action=key.retired', { token: acme })
    expect(body.items).toMatchObject([{ subject: 'two', after: expect.arrayContaining([next.name]) }])
  },
  SLOW_MS,
)

it(
  'every repository is signed anew, also one in which nothing is published',
  async () => {
    const generation = async () => (await api('GET', '/projects/acme/two', { token: acme })).body.generation as number
    const before = await generation()
    const privateKey = await newKey()
    await post('two', 'rotate', own(privateKey))
    while ((await generation()) <= before) await new Promise((resolve) => setTimeout(resolve, 50))
  },
  SLOW_MS,
)
