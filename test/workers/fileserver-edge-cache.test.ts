// Bytes kept at the edge: read from there when they never change, by those alone who may read them.
import { objectKey } from '@distropack/core/contract/object-keys.ts'
import type { Content } from '@distropack/core/model/content.ts'
import { describe, expect, it } from 'vitest'
import { keptAddress, MAX_KEPT_BYTES } from '../../workers/fileserver/edge-cache.ts'
import {
  bucket,
  bytesOf,
  contentOf,
  get,
  makeRepository,
  ORIGIN,
  putDigest,
  putGrant,
  putPath,
  type Repository,
  sha256Of,
  textOf,
} from './fileserver-fixture.ts'

const PACKAGE = 'apt/pool/main/t/tool/tool_1.0_amd64.deb'

const isKept = async (repository: Repository, content: Content): Promise<boolean> => {
  const kept = await caches.default.match(keptAddress(ORIGIN, repository.id, content))
  await kept?.body?.cancel()
  return kept !== undefined
}

/** The store loses the bytes, so that only a kept copy can still be served. */
const forget = ({ parts }: Content): Promise<void> =>
  bucket.delete(parts.flatMap((part) => ('blob' in part ? [objectKey.blob(part.blob)] : [])))

const publishPackage = async (repository: Repository, text: string): Promise<Content> => {
  const content = await contentOf(bytesOf(text), 'application/vnd.debian.binary-package')
  await repository.publish(1, {})
  await putPath(repository, PACKAGE, content)
  return content
}

const readAndKeep = async (
  repository: Repository,
  content: Content,
  path: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<void> => {
  expect((await get(path, headers)).status).toBe(200)
  await expect.poll(() => isKept(repository, content), { timeout: 120_000 }).toBe(true)
  await forget(content)
}

describe('a package', () => {
  it('is served from the edge once somebody read it whole, with the headers it had', async () => {
    const repository = makeRepository('kept')
    const content = await publishPackage(repository, 'the bytes of a package')
    const first = await get(`${repository.base}/${PACKAGE}`)
    expect(await first.text()).toBe('the bytes of a package')
    await readAndKeep(repository, content, `${repository.base}/${PACKAGE}`)
    const second = await get(`${repository.base}/${PACKAGE}`)
    expect(await second.text()).toBe('the bytes of a package')
    expect([...second.headers]).toEqual([...first.headers])
  })

  it('is served in parts from there', async () => {
    const repository = makeRepository('kept-parts')
    const content = await publishPackage(repository, '0123456789')
    await readAndKeep(repository, content, `${repository.base}/${PACKAGE}`)
    const part = await get(`${repository.base}/${PACKAGE}`, { range: 'bytes=3-5' })
    expect([part.status, part.headers.get('content-range'), await part.text()]).toEqual([206, 'bytes 3-5/10', '345'])
  })

  it('is not kept for who asked for a part or for its headers', async () => {
    const repository = makeRepository('kept-not')
    const content = await publishPackage(repository, '0123456789')
    await (await get(`${repository.base}/${PACKAGE}`, { range: 'bytes=3-5' })).text()
    await get(`${repository.base}/${PACKAGE}`, {}, 'HEAD')
    await new Promise((resolve) => setTimeout(resolve, 200))
    expect(await isKept(repository, content)).toBe(false)
  })

  it('that was withdrawn is gone, wherever its bytes still lie', async () => {
    const repository = makeRepository('kept-withdrawn')
    const content = await publishPackage(repository, 'withdrawn')
    await readAndKeep(repository, content, `${repository.base}/${PACKAGE}`)
    await bucket.delete(objectKey.path(repository.id, PACKAGE))
    expect((await get(`${repository.base}/${PACKAGE}`)).status).toBe(404)
  })

  it('whose bytes break off in the store is an error of ours, and not kept', async () => {
    const repository = makeRepository('kept-broken')
    const content = { ...(await publishPackage(repository, 'too short')), sizeBytes: 100 }
    await putPath(repository, PACKAGE, content)
    expect((await get(`${repository.base}/${PACKAGE}`)).status).toBe(500)
    await new Promise((resolve) => setTimeout(resolve, 200))
    expect(await isKept(repository, content)).toBe(false)
  })

  it('that is large streams from the store and is not kept', async () => {
    const repository = makeRepository('kept-large')
    const bytes = new Uint8Array(MAX_KEPT_BYTES + 1).fill(7)
    const content = await contentOf(bytes)
    await repository.publish(1, {})
    await putPath(repository, PACKAGE, content)
    const read = await (await get(`${repository.base}/${PACKAGE}`)).arrayBuffer()
    expect([read.byteLength, await sha256Of(new Uint8Array(read))]).toEqual([bytes.length, content.sha256])
    await new Promise((resolve) => setTimeout(resolve, 200))
    expect(await isKept(repository, content)).toBe(false)
  })
})

it('an index by hash and a pinned generation are kept; what the next publish replaces is not', async () => {
  const repository = makeRepository('kept-indexes')
  const [byHash, pinned] = [await contentOf(bytesOf('by hash')), await contentOf(bytesOf('pinned'))]
  await repository.publish(1, { 'rpm/stable/repodata/repomd.xml': pinned })
  await putDigest(repository, byHash)
  await readAndKeep(repository, byHash, `${repository.base}/apt/dists/stable/main/by-hash/SHA256/${byHash.sha256}`)
  expect(await textOf(`${repository.base}/rpm/stable/repodata/repomd.xml`)).toBe('pinned')
  await new Promise((resolve) => setTimeout(resolve, 200))
  expect(await isKept(repository, pinned)).toBe(false)
  await readAndKeep(repository, pinned, `${repository.base}/@1/rpm/stable/repodata/repomd.xml`)
  expect(await textOf(`${repository.base}/@1/rpm/stable/repodata/repomd.xml`)).toBe('pinned')
})

describe('what is kept of a private repository', () => {
  const grant = { expiresAtMs: null, reach: [{ organization: 'acme', project: 'kept-private' }] }
  const token = { authorization: 'Bearer admitted' }

  it('goes to who is admitted, and to nobody else', async () => {
    const repository = makeRepository('kept-private', 'private')
    await putGrant('admitted', grant)
    const content = await publishPackage(repository, 'secret bytes')
    await readAndKeep(repository, content, `${repository.base}/${PACKAGE}`, token)
    const admitted = await get(`${repository.base}/${PACKAGE}`, token)
    expect(await admitted.text()).toBe('secret bytes')
    expect(admitted.headers.get('cache-control')).toBe('private, max-age=31536000, immutable, no-transform')
    for (const authorization of ['', 'Bearer guessed']) {
      const refused = await get(`${repository.base}/${PACKAGE}`, { authorization })
      expect([refused.status, await refused.text()]).toEqual([401, expect.not.stringContaining('secret')])
    }
  })

  it('has no address of its own', async () => {
    const repository = makeRepository('kept-private', 'private')
    const content = await contentOf(bytesOf('secret bytes'))
    expect(await isKept(repository, content)).toBe(true)
    const { pathname } = new URL(keptAddress(ORIGIN, repository.id, content))
    expect([(await get(pathname)).status, (await get(pathname, token)).status]).toEqual([404, 404])
  })

  it('is no answer for another repository that names the same hash', async () => {
    const stranger = makeRepository('kept-stranger')
    const content = await publishPackage(stranger, 'secret bytes')
    await forget(content)
    expect((await get(`${stranger.base}/${PACKAGE}`)).status).toBe(500)
  })
})
