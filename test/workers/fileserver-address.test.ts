// Addresses: pins, pages, redirects, hostile and merely unusual paths, private repositories.
import { objectKey } from '@distropack/core/contract/object-keys.ts'
import { describe, expect, it } from 'vitest'
import { parseAddress } from '../../workers/fileserver/address.ts'
import {
  bucket,
  bytesOf,
  contentOf,
  FLIPPED_AT_MS,
  get,
  makeRepository,
  putBlob,
  putGrant,
  putPath,
  textOf,
} from './fileserver-fixture.ts'

const DAY_MS = 86_400_000

describe('a pinned address', () => {
  it('shows a generation as it stood, for ever', async () => {
    const repository = makeRepository('pins')
    await repository.publish(1, { f: await contentOf(bytesOf('one')) })
    await repository.publish(2, { f: await contentOf(bytesOf('two')) })
    const response = await get(`${repository.base}/@1/f`)
    expect(await response.text()).toBe('one')
    expect(response.headers.get('cache-control')).toBe('public, max-age=31536000, immutable, no-transform')
  })

  it('never shows a generation the head has not reached, though its tree be written', async () => {
    const repository = makeRepository('future')
    const files = { f: await contentOf(bytesOf('unflipped')) }
    await repository.publish(2, files)
    await repository.publish(1, { f: await contentOf(bytesOf('one')) })
    expect((await get(`${repository.base}/@2/f`)).status).toBe(404)
  })

  it('shows the last generation of a day, or the newest before it', async () => {
    const repository = makeRepository('days')
    await repository.publish(1, { f: await contentOf(bytesOf('one')) }, FLIPPED_AT_MS)
    await repository.publish(2, { f: await contentOf(bytesOf('two')) }, FLIPPED_AT_MS + 1000)
    await repository.publish(3, { f: await contentOf(bytesOf('three')) }, FLIPPED_AT_MS + 5 * DAY_MS)
    expect(await textOf(`${repository.base}/@2026-11-20/f`)).toBe('two')
    expect(await textOf(`${repository.base}/@2026-11-24/f`)).toBe('two')
    expect(await textOf(`${repository.base}/@2026-11-25/f`)).toBe('three')
    expect((await get(`${repository.base}/@2026-11-19/f`)).status).toBe(404)
  })

  it('shows what the head shows while a flip is on its way', async () => {
    const repository = makeRepository('flipping')
    await repository.publish(1, { f: await contentOf(bytesOf('one')) })
    await bucket.put(objectKey.day(repository.id, '2026-11-20'), JSON.stringify({ generation: 2 }))
    const response = await get(`${repository.base}/@2026-11-20/f`)
    expect([await response.text(), response.headers.get('cache-control')]).toEqual([
      'one',
      'public, no-cache, no-transform',
    ])
  })

  it('keeps a past day for ever, and today only until it changes', async () => {
    const repository = makeRepository('today')
    await repository.publish(1, { f: await contentOf(bytesOf('one')) }, Date.UTC(2020, 0, 1))
    const past = await get(`${repository.base}/@2020-01-01/f`)
    const today = await get(`${repository.base}/@${new Date().toISOString().slice(0, 10)}/f`)
    expect(past.headers.get('cache-control')).toContain('immutable')
    expect(today.headers.get('cache-control')).toContain('no-cache')
  })

  it('reaches packages and other immutable files too', async () => {
    const repository = makeRepository('pinned-path')
    await repository.publish(1, {})
    await putPath(repository, 'arch/stable/x86_64/hello-1-1-x86_64.pkg.tar.zst', await contentOf(bytesOf('pkg')))
    expect(await textOf(`${repository.base}/@1/arch/stable/x86_64/hello-1-1-x86_64.pkg.tar.zst`)).toBe('pkg')
  })

  it.each(['@', '@x', '@-1', '@01', '@1.5', '@2026-13-01', '@2026-02-30', '@999999999999999999'])(
    '%s is no pin, and nothing is there',
    async (pin) => {
      const repository = makeRepository('bad-pins')
      await repository.publish(1, { f: await contentOf(bytesOf('one')) })
      expect((await get(`${repository.base}/${pin}/f`)).status).toBe(404)
    },
  )
})

describe('a file that must agree with its signature', () => {
  it('sends the reader to its generation, with the spelling of the request', async () => {
    const repository = makeRepository('pinned-file')
    const file = { ...(await contentOf(bytesOf('db'))), pin: true as const }
    await repository.publish(7, { 'arch/stable/x86_64/acme+tool.db': file })
    const response = await get(`${repository.base}/arch/stable/x86_64/acme%2Btool.db`)
    expect(response.status).toBe(302)
    expect(response.headers.get('location')).toBe('/r/acme/pinned-file/@7/arch/stable/x86_64/acme%2Btool.db')
    expect(response.headers.get('cache-control')).toBe('no-store')
    expect(await textOf(response.headers.get('location') ?? '')).toBe('db')
  })
})

describe('the repository itself', () => {
  const publishPages = async () => {
    const repository = makeRepository('pages')
    await repository.publish(1, {
      'index.html': await contentOf(bytesOf('<h1>acme/pages</h1>'), 'text/html; charset=utf-8'),
      'index.json': await contentOf(bytesOf('{}'), 'application/json'),
    })
    return repository
  }

  it('is a page for people and JSON for programs', async () => {
    const { base } = await publishPages()
    expect(await textOf(base, { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' })).toBe('<h1>acme/pages</h1>')
    expect(await textOf(`${base}/`)).toBe('<h1>acme/pages</h1>')
    const json = await get(base, { accept: 'application/json' })
    expect([await json.text(), json.headers.get('vary')]).toEqual(['{}', 'Accept'])
    expect(await textOf(`${base}/@1/`)).toBe('<h1>acme/pages</h1>')
  })

  it('is 404 when nobody wrote a page', async () => {
    const repository = makeRepository('no-page')
    await repository.publish(1, {})
    expect((await get(repository.base)).status).toBe(404)
  })
})

describe('unusual names', () => {
  it.each([
    ['apt/pool/main/g/g++/g++_1%3a2.0~rc1_amd64.deb', 'apt/pool/main/g/g++/g++_1:2.0~rc1_amd64.deb'],
    ['apt/pool/main/g/g%2b%2b/g%2B%2B_1:2.0%7erc1_amd64.deb', 'apt/pool/main/g/g++/g++_1:2.0~rc1_amd64.deb'],
    ['arch/stable/any/hello-1:1.0-1-any.pkg.tar.zst', 'arch/stable/any/hello-1:1.0-1-any.pkg.tar.zst'],
    ['rpm/stable/hello-1.0%5e20260101-1.noarch.rpm', 'rpm/stable/hello-1.0^20260101-1.noarch.rpm'],
    ['files/stable/100%25%20sure.txt', 'files/stable/100% sure.txt'],
    ['files/stable/caf%C3%A9.txt', 'files/stable/café.txt'],
    ['/apt//dists///x', 'apt/dists/x'],
  ])('%s reaches %s', async (asked, path) => {
    const repository = makeRepository('names')
    await repository.publish(1, {})
    await putPath(repository, path, await contentOf(bytesOf(path)))
    expect(await textOf(`${repository.base}/${asked}`)).toBe(path)
  })
})

describe('hostile addresses', () => {
  it('find nothing outside their repository', async () => {
    const victim = makeRepository('victim', 'private')
    await victim.publish(1, { secret: await contentOf(bytesOf('secret')) })
    const own = makeRepository('own')
    const blob = await putBlob(bytesOf('a blob'))
    await own.publish(1, { f: await contentOf(bytesOf('mine')) })
    const attempts = [
      '..%2fvictim%2fsecret',
      '%2e%2e/victim/secret',
      '..%5cvictim%5csecret',
      '@1/..%2f..%2fvictim%2f@1%2fsecret',
      'f%00',
      'f%0a',
      'f%ff',
      'f%',
      'constructor',
      '__proto__',
      'toString',
      blob,
      `..%2f..%2fblobs%2f${blob.slice(0, 2)}%2f${blob}`,
      `blobs/${blob.slice(0, 2)}/${blob}`,
      `${'a/'.repeat(451)}a`,
      'é'.repeat(451),
    ]
    for (const attempt of attempts) {
      const response = await get(`${own.base}/${attempt}`)
      expect([attempt, [401, 404].includes(response.status)]).toEqual([attempt, true])
      expect(await response.text()).not.toMatch(/^(secret|a blob|mine)$/)
    }
  })

  it('are refused by shape before any object is read', () => {
    for (const path of [
      '/',
      '/r',
      '/r/acme',
      '/x/acme/tool/f',
      '/r/Acme/tool/f',
      '/r/acme/-x/f',
      '/r/acme/a%2fb/f',
      '/r/a/b/%2e%2e/f',
    ]) {
      expect([path, parseAddress(path)]).toEqual([path, undefined])
    }
  })

  it('longer than any key get 414', async () => {
    expect((await get(`/r/acme/tool/${'a'.repeat(9000)}`)).status).toBe(414)
  })

  it('are told which methods there are', async () => {
    for (const method of ['POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS']) {
      const response = await get('/r/acme/tool/f', {}, method)
      expect([method, response.status, response.headers.get('allow')]).toEqual([method, 405, 'GET, HEAD'])
    }
  })
})

describe('a private repository', () => {
  const basic = (pair: string): Record<string, string> => ({ authorization: `Basic ${btoa(pair)}` })
  const open = async () => {
    const repository = makeRepository('closed', 'private')
    await repository.publish(1, { f: await contentOf(bytesOf('for friends')) })
    await putGrant('good', { reach: [{ organization: 'acme', project: 'closed' }], expiresAtMs: null })
    return `${repository.base}/f`
  }

  it('opens for a token as Bearer, as Basic password, and as Basic user name', async () => {
    const url = await open()
    for (const headers of [
      { authorization: 'Bearer good' },
      { authorization: 'bearer good' },
      basic('token:good'),
      basic('good:'),
      basic('good'),
    ]) {
      expect(await textOf(url, headers)).toBe('for friends')
    }
    await putGrant('whole-organization', {
      reach: [{ organization: 'acme', project: null }],
      expiresAtMs: Date.now() + 60_000,
    })
    expect(await textOf(url, { authorization: 'Bearer whole-organization' })).toBe('for friends')
  })

  it('is kept by no shared cache', async () => {
    const response = await get(await open(), { authorization: 'Bearer good' })
    expect(response.headers.get('cache-control')).toBe('private, no-cache, no-transform')
  })

  it('stays closed to every other token', async () => {
    const url = await open()
    await putGrant('other-project', { reach: [{ organization: 'acme', project: 'other' }], expiresAtMs: null })
    await putGrant('other-organization', { reach: [{ organization: 'evil', project: 'closed' }], expiresAtMs: null })
    await putGrant('expired', { reach: [{ organization: 'acme', project: 'closed' }], expiresAtMs: Date.now() - 1 })
    const wrong = [
      {},
      ...['unknown', 'other-project', 'other-organization', 'expired', 'g'.repeat(600)].map((token) => ({
        authorization: `Bearer ${token}`,
      })),
      { authorization: 'Basic !!!' },
      { authorization: 'Basic' },
      { authorization: 'Digest good' },
      { authorization: 'constructor good' },
    ]
    for (const headers of wrong) {
      const response = await get(url, headers)
      expect([headers, response.status]).toEqual([headers, 401])
      expect(response.headers.get('www-authenticate')).toMatch(/^Basic realm=/)
      expect(await response.text()).not.toContain('friends')
    }
  })

  it('answers a stranger exactly like one that does not exist', async () => {
    const known = await get(await open())
    const unknown = await get('/r/acme/there-is-none/f')
    expect(unknown.status).toBe(known.status)
    expect(Object.fromEntries(unknown.headers)).toEqual(Object.fromEntries(known.headers))
    expect(await unknown.text()).toBe(await known.text())
  })

  it('tells a member of the organization that a project does not exist', async () => {
    await putGrant('member', { reach: [{ organization: 'acme', project: null }], expiresAtMs: null })
    expect((await get('/r/acme/there-is-none/f', { authorization: 'Bearer member' })).status).toBe(404)
  })
})
