// Bytes and headers: recipes, conditions, ranges, cache rules.

import { objectKey } from '@distropack/core/contract/object-keys.ts'
import { describe, expect, it } from 'vitest'
import {
  bucket,
  bytesOf,
  contentOf,
  FLIPPED_AT_MS,
  get,
  inlinePart,
  makeRepository,
  putBlob,
  putDigest,
  putPath,
  sha256Of,
  textOf,
} from './fileserver-fixture.ts'

const LAST_MODIFIED = new Date(FLIPPED_AT_MS).toUTCString()

/** `abcdefghij` from a blob's middle, bytes of the recipe, and another blob's end. */
const composite = async () => {
  const [left, right] = [await putBlob(bytesOf('--abcd--')), await putBlob(bytesOf('----ghij'))]
  const sha256 = await sha256Of(bytesOf('abcdefghij'))
  return {
    sizeBytes: 10,
    sha256,
    mediaType: 'text/plain',
    parts: [
      { blob: left, offset: 2, sizeBytes: 4 },
      inlinePart(bytesOf('ef')),
      { blob: right, offset: 4, sizeBytes: 4 },
    ],
  }
}

const deflateRaw = async (bytes: Uint8Array): Promise<Uint8Array> =>
  new Uint8Array(
    await new Response(new Blob([bytes]).stream().pipeThrough(new CompressionStream('deflate-raw'))).arrayBuffer(),
  )

describe('a file of the newest generation', () => {
  it('is served whole, with its size, hash, type and date', async () => {
    const repository = makeRepository('whole')
    const content = await contentOf(bytesOf('Origin: acme\n'), 'text/plain; charset=utf-8')
    await repository.publish(1, { 'apt/dists/stable/InRelease': content })
    const response = await get(`${repository.base}/apt/dists/stable/InRelease`)
    expect(response.status).toBe(200)
    expect(await response.text()).toBe('Origin: acme\n')
    expect(response.headers.get('content-length')).toBe('13')
    expect(response.headers.get('etag')).toBe(`"${content.sha256}"`)
    expect(response.headers.get('content-type')).toBe('text/plain; charset=utf-8')
    expect(response.headers.get('last-modified')).toBe(LAST_MODIFIED)
    expect(response.headers.get('x-content-type-options')).toBe('nosniff')
    expect(response.headers.get('content-security-policy')).toContain('sandbox')
    expect(response.headers.get('content-encoding')).toBeNull()
  })

  it('is never kept by a cache without asking again, so that no reader sees half of a pair', async () => {
    const repository = makeRepository('pointer-cache')
    await repository.publish(1, { 'rpm/stable/repodata/repomd.xml': await contentOf(bytesOf('<x/>')) })
    const response = await get(`${repository.base}/rpm/stable/repodata/repomd.xml`)
    expect(response.headers.get('cache-control')).toBe('public, no-cache, no-transform')
  })

  it('shows the next generation at once', async () => {
    const repository = makeRepository('next')
    await repository.publish(1, { f: await contentOf(bytesOf('one')) })
    expect(await textOf(`${repository.base}/f`)).toBe('one')
    await repository.publish(2, { f: await contentOf(bytesOf('two')) })
    expect(await textOf(`${repository.base}/f`)).toBe('two')
  })

  it('has no date while that second could still stand for another state', async () => {
    const repository = makeRepository('young')
    await repository.publish(1, { f: await contentOf(bytesOf('one')) }, Date.now())
    const response = await get(`${repository.base}/f`)
    expect(response.headers.get('last-modified')).toBeNull()
    const conditional = await get(`${repository.base}/f`, {
      'if-modified-since': new Date(Date.now() + 5000).toUTCString(),
    })
    expect(conditional.status).toBe(200)
  })

  it('answers HEAD with the same headers and no body', async () => {
    const repository = makeRepository('head')
    await repository.publish(1, { f: await contentOf(bytesOf('twelve bytes')) })
    const response = await get(`${repository.base}/f`, {}, 'HEAD')
    expect([response.status, response.headers.get('content-length'), await response.text()]).toEqual([200, '12', ''])
    expect(response.headers.get('etag')).toMatch(/^"[0-9a-f]{64}"$/)
  })

  it('may be empty', async () => {
    const repository = makeRepository('empty')
    const sha256 = await sha256Of(new Uint8Array())
    await repository.publish(1, { f: { sizeBytes: 0, sha256, mediaType: 'text/plain', parts: [] } })
    const response = await get(`${repository.base}/f`)
    expect([response.status, response.headers.get('content-length'), await response.text()]).toEqual([200, '0', ''])
    expect((await get(`${repository.base}/f`, { range: 'bytes=0-' })).status).toBe(416)
  })
})

describe('content that never changes', () => {
  it('is found by the sha256 in its path, and kept for a year', async () => {
    const repository = makeRepository('digest')
    const content = await contentOf(bytesOf('Package: hello\n'))
    await repository.publish(1, {})
    await putDigest(repository, content)
    const response = await get(`${repository.base}/apt/dists/stable/main/by-hash/SHA256/${content.sha256}`)
    expect(await response.text()).toBe('Package: hello\n')
    expect(response.headers.get('cache-control')).toBe('public, max-age=31536000, immutable, no-transform')
    expect(response.headers.get('last-modified')).toBeNull()
    const named = await get(`${repository.base}/rpm/stable/repodata/${content.sha256}-primary.xml.gz`)
    expect(await named.text()).toBe('Package: hello\n')
  })

  it('is found by its path', async () => {
    const repository = makeRepository('path')
    await repository.publish(1, {})
    await putPath(repository, 'apt/pool/main/h/hello/hello_1.0_amd64.deb', await contentOf(bytesOf('!<arch>')))
    const response = await get(`${repository.base}/apt/pool/main/h/hello/hello_1.0_amd64.deb`)
    expect(await response.text()).toBe('!<arch>')
    expect(response.headers.get('cache-control')).toContain('immutable')
  })

  it('yields to a file of the generation that has the same path', async () => {
    const repository = makeRepository('order')
    await putPath(repository, 'f', await contentOf(bytesOf('path')))
    await repository.publish(1, { f: await contentOf(bytesOf('tree')) })
    expect(await textOf(`${repository.base}/f`)).toBe('tree')
  })
})

describe('a recipe of several parts', () => {
  it('is joined in order', async () => {
    const repository = makeRepository('parts')
    await repository.publish(1, { f: await composite() })
    const response = await get(`${repository.base}/f`)
    expect(await response.text()).toBe('abcdefghij')
    expect(response.headers.get('content-length')).toBe('10')
  })

  it('is cut at every pair of borders exactly', async () => {
    const repository = makeRepository('parts-range')
    await repository.publish(1, { f: await composite() })
    for (let first = 0; first < 10; first++) {
      for (let last = first; last < 10; last++) {
        const response = await get(`${repository.base}/f`, { range: `bytes=${first}-${last}` })
        expect(response.status).toBe(206)
        expect(await response.text()).toBe('abcdefghij'.slice(first, last + 1))
      }
    }
  })

  it('with more parts than are read ahead keeps their order', async () => {
    const repository = makeRepository('many-parts')
    const words = Array.from({ length: 40 }, (_, index) => `part ${index};`.repeat(500))
    const parts = await Promise.all(
      words.map(async (word) => ({ blob: await putBlob(bytesOf(word)), offset: 0, sizeBytes: word.length })),
    )
    const whole = words.join('')
    const sha256 = await sha256Of(bytesOf(whole))
    await repository.publish(1, { f: { sizeBytes: whole.length, sha256, mediaType: 'text/plain', parts } })
    expect(await textOf(`${repository.base}/f`)).toBe(whole)
  })

  it('is inflated when the recipe says so, and then served whole', async () => {
    const repository = makeRepository('inflate')
    const text = 'Package: hello\n\n'.repeat(5000)
    const deflated = await deflateRaw(bytesOf(text))
    const half = deflated.length >> 1
    const blob = await putBlob(deflated.subarray(0, half))
    const parts = [{ blob, offset: 0, sizeBytes: half }, inlinePart(deflated.subarray(half))]
    const sha256 = await sha256Of(bytesOf(text))
    await repository.publish(1, {
      Packages: { sizeBytes: text.length, sha256, mediaType: 'text/plain', parts, inflate: true },
    })
    const response = await get(`${repository.base}/Packages`, { range: 'bytes=5-9' })
    expect([response.status, response.headers.get('accept-ranges')]).toEqual([200, 'none'])
    expect(response.headers.get('content-length')).toBe(String(text.length))
    expect(await response.text()).toBe(text)
  })

  it('answers 500, and nothing of the file, when its first blob is gone', async () => {
    const repository = makeRepository('lost')
    const content = await contentOf(bytesOf('will be lost'))
    await repository.publish(1, { f: content })
    await bucket.delete(objectKey.blob(content.sha256))
    const response = await get(`${repository.base}/f`)
    expect(response.status).toBe(500)
    expect(await response.text()).not.toContain('lost\n')
    expect(response.headers.get('cache-control')).toBe('no-store')
  })
})

describe('a reader who has a copy', () => {
  it('gets 304 for its tag, weak or strong, alone or in a list', async () => {
    const repository = makeRepository('tags')
    const content = await contentOf(bytesOf('same'))
    await repository.publish(1, { f: content })
    for (const tag of [`"${content.sha256}"`, `W/"${content.sha256}"`, `"x", "${content.sha256}"`, '*']) {
      const response = await get(`${repository.base}/f`, { 'if-none-match': tag })
      expect([tag, response.status, await response.text()]).toEqual([tag, 304, ''])
      expect(response.headers.get('etag')).toBe(`"${content.sha256}"`)
    }
  })

  it('gets the file for another tag, whatever its date says', async () => {
    const repository = makeRepository('other-tag')
    await repository.publish(1, { f: await contentOf(bytesOf('new')) })
    const response = await get(`${repository.base}/f`, { 'if-none-match': '"old"', 'if-modified-since': LAST_MODIFIED })
    expect(response.status).toBe(200)
  })

  it('gets 304 for the date it was given, and the file for an earlier one', async () => {
    const repository = makeRepository('dates')
    await repository.publish(1, { f: await contentOf(bytesOf('dated')) })
    const same = await get(`${repository.base}/f`, { 'if-modified-since': LAST_MODIFIED })
    const earlier = await get(`${repository.base}/f`, {
      'if-modified-since': new Date(FLIPPED_AT_MS - 1000).toUTCString(),
    })
    const nonsense = await get(`${repository.base}/f`, { 'if-modified-since': 'yesterday' })
    expect([same.status, earlier.status, nonsense.status]).toEqual([304, 200, 200])
  })
})

describe('a reader who wants a part', () => {
  const ask = async (project: string, headers: Record<string, string>) => {
    const repository = makeRepository(project)
    const content = await contentOf(bytesOf('0123456789'))
    await repository.publish(1, { f: content })
    const response = await get(`${repository.base}/f`, headers)
    return {
      status: response.status,
      range: response.headers.get('content-range'),
      text: await response.text(),
      content,
    }
  }

  it.each([
    ['bytes=0-3', '0123', 'bytes 0-3/10'],
    ['bytes=7-', '789', 'bytes 7-9/10'],
    ['bytes=-2', '89', 'bytes 8-9/10'],
    ['bytes=-99', '0123456789', 'bytes 0-9/10'],
    ['bytes=8-99', '89', 'bytes 8-9/10'],
  ])('gets %s', async (range, text, contentRange) => {
    expect(await ask('ranges', { range })).toMatchObject({ status: 206, text, range: contentRange })
  })

  it.each(['bytes=10-', 'bytes=99-100', 'bytes=-0'])('is told that %s lies beyond the end', async (range) => {
    expect(await ask('beyond', { range })).toMatchObject({ status: 416, range: 'bytes */10' })
  })

  it.each(['bytes=0-1,4-5', 'bytes=5-2', 'bytes=-', 'lines=1-2', 'bytes=a-b', 'nonsense'])(
    'gets the whole file for %s',
    async (range) => {
      expect(await ask('whole-anyway', { range })).toMatchObject({ status: 200, text: '0123456789' })
    },
  )

  it('gets the part only of the copy it began with', async () => {
    const { content } = await ask('if-range', {})
    const same = await ask('if-range', { range: 'bytes=0-0', 'if-range': `"${content.sha256}"` })
    const sameDate = await ask('if-range', { range: 'bytes=0-0', 'if-range': LAST_MODIFIED })
    const other = await ask('if-range', { range: 'bytes=0-0', 'if-range': '"other"' })
    const otherDate = await ask('if-range', { range: 'bytes=0-0', 'if-range': new Date(0).toUTCString() })
    expect([same.status, sameDate.status, other.status, otherDate.status]).toEqual([206, 206, 200, 200])
  })
})

describe('an address that shows a package', () => {
  it('shows it while the package’s own does, in every generation; a yanked one stays at its own alone', async () => {
    const repository = makeRepository('shown')
    const content = await contentOf(bytesOf('the package'))
    const packagePath = 'files/stable/tool-1.0.tar.gz'
    await putPath(repository, packagePath, content)
    await repository.publish(1, { 'files/stable/latest/tool.tar.gz': { ...content, packagePath } })
    await repository.publish(2, {})
    const latest = `${repository.base}/@1/files/stable/latest/tool.tar.gz`
    const statuses = async () => [(await get(latest)).status, (await get(`${repository.base}/${packagePath}`)).status]
    expect(await statuses()).toEqual([200, 200])
    await putPath(repository, packagePath, { ...content, isWithdrawn: true } as typeof content)
    expect(await statuses()).toEqual([404, 200])
    await bucket.delete(objectKey.path(repository.id, packagePath))
    expect(await statuses()).toEqual([404, 404])
  })
})
