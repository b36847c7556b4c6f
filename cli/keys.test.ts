import { describe, expect, it } from 'vitest'
import { answer, run, serve, TOKEN, useRoom, write } from '../test/support/cli-room.ts'

useRoom()

const KEY = { kind: 'rsa', name: 'ada@example.org-1.rsa.pub', state: 'next', publicKey: 'p', createdAtMs: 1 }

/** A server that takes new keys and tells what it was sent. */
const serveRotation = async () => {
  const bodies: unknown[] = []
  const url = await serve((_request, response, body) => {
    bodies.push(JSON.parse(body))
    answer(response, 200, { items: [KEY] })
  })
  const env = { DISTROPACK_API_URL: url, DISTROPACK_API_TOKEN: TOKEN, DISTROPACK_PROJECT: 'acme/tool' }
  return { bodies, rotate: (...args: string[]) => run(['keys', 'rotate', ...args], env) }
}

describe('distropack keys rotate', () => {
  it('brings keys of one’s own, the abuild key under the name its readers have', async () => {
    write('ada@example.org-1.rsa', 'RSA PEM')
    write('key.asc', 'OPENPGP')
    const { bodies, rotate } = await serveRotation()
    const done = await rotate('--import', 'key.asc', '--import-rsa', 'ada@example.org-1.rsa')
    expect(done).toMatchObject({ status: 0, stdout: expect.stringContaining(KEY.name) })
    const rsa = { name: KEY.name, privateKey: 'RSA PEM' }
    expect(bodies).toEqual([{ signing: { kind: 'import', privateKey: 'OPENPGP', rsa } }])
    expect(done.stdout + done.stderr).not.toMatch(/PEM|OPENPGP/)
  })

  it.each([
    ['key.pem', /Name it NAME\.rsa/],
    ['missing.rsa', /cannot be read/],
  ])('sends nothing when the key is in %s', async (file, reason) => {
    write('key.pem', 'RSA PEM')
    const { bodies, rotate } = await serveRotation()
    const done = await rotate('--import-rsa', file)
    expect([done.status, bodies]).toEqual([2, []])
    expect(done.stderr).toMatch(reason)
  })
})
