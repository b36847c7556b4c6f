// What each kind of request costs the store, counted: readers come by the million, and a read is what they cost.
import { env } from 'cloudflare:workers'
import { splitPackagePath } from '@distropack/core/contract/object-keys.ts'
import type { Content } from '@distropack/core/model/content.ts'
import { describe, expect, it } from 'vitest'
import worker from '../../workers/fileserver/worker.ts'
import {
  bytesOf,
  contentOf,
  inlinePart,
  makeRepository,
  ORIGIN,
  putDigest,
  putGrant,
  putPath,
  sha256Of,
} from './fileserver-fixture.ts'

const realBucket = (env as unknown as { BUCKET: R2Bucket }).BUCKET
const READS: readonly PropertyKey[] = ['get', 'head', 'list']

/** The file server with nothing but a bucket that counts: no database, no Durable Object, no other Worker to ask. */
const ask = async (path: string, headers: Readonly<Record<string, string>> = {}) => {
  let reads = 0
  const BUCKET = new Proxy(realBucket, {
    get: (target, name) => {
      const member = Reflect.get(target, name) as unknown
      if (typeof member !== 'function') return member
      return (...args: unknown[]) => {
        if (!READS.includes(name)) throw new Error(`a reader's request called ${String(name)}`)
        reads++
        return member.apply(target, args)
      }
    },
  })
  const later: Promise<unknown>[] = []
  const context = { waitUntil: (work: Promise<unknown>) => void later.push(work) }
  const request = new Request(`${ORIGIN}${path}`, { headers, redirect: 'manual' })
  const response = await worker.fetch(request as never, { BUCKET }, context as never)
  const text = new TextDecoder().decode(await response.arrayBuffer())
  await Promise.all(later)
  return { status: response.status, etag: response.headers.get('etag') ?? '', text, reads }
}

/** Signed indexes of a channel: a few kilobytes, which stand in the tree. */
const inlined = async (text: string): Promise<Content> => {
  const bytes = bytesOf(text)
  return { sizeBytes: bytes.length, sha256: await sha256Of(bytes), mediaType: 'text/plain', parts: [inlinePart(bytes)] }
}

describe.each([
  ['apt', 'apt/dists/stable/InRelease'],
  ['dnf', 'rpm/stable/repodata/repomd.xml'],
  ['apk', 'apk/stable/x86_64/APKINDEX.tar.gz'],
  ['a page', 'index.json'],
  ['a key', 'key.asc'],
])('a pointer of %s', (name, path) => {
  it('costs the head and the tree when all is cold, the head alone afterwards, and as much when nothing is new', async () => {
    const repository = makeRepository(`reads-${name.replace(' ', '-')}`)
    await repository.publish(1, { [path]: await inlined(`the ${name}`) })
    const cold = await ask(`${repository.base}/${path}`)
    expect([cold.status, cold.text, cold.reads]).toEqual([200, `the ${name}`, 2])
    expect((await ask(`${repository.base}/${path}`)).reads).toBe(1)
    const same = await ask(`${repository.base}/${path}`, { 'if-none-match': cold.etag })
    expect([same.status, same.reads]).toEqual([304, 1])
    await repository.publish(2, { [path]: await inlined(`the ${name}`) })
    const sameOfNew = await ask(`${repository.base}/${path}`, { 'if-none-match': cold.etag })
    expect([sameOfNew.status, sameOfNew.reads]).toEqual([304, 2])
  })
})

it('a pointer that is too long for the tree costs its bytes, too', async () => {
  const repository = makeRepository('reads-long')
  await repository.publish(1, { 'apt/dists/stable/main/binary-amd64/Packages.gz': await contentOf(bytesOf('long')) })
  const path = `${repository.base}/apt/dists/stable/main/binary-amd64/Packages.gz`
  expect((await ask(path)).reads).toBe(3)
  expect((await ask(path)).reads).toBe(2)
})

describe.each([
  ['a .deb', 'apt/pool/main/t/tool/tool_1.0_amd64.deb', ''],
  ['an .rpm', 'rpm/stable/Packages/t/tool-1.0-1.x86_64.rpm', ''],
  ['an .rpm of a generation', 'rpm/stable/Packages/t/tool-1.0-1.x86_64.rpm', '/@1'],
  ['an .apk', 'apk/stable/x86_64/tool-1.0-r0.apk', ''],
  ['a pacman package', 'arch/stable/x86_64/tool-1.0-1-x86_64.pkg.tar.zst', ''],
  ['its signature', 'arch/stable/x86_64/tool-1.0-1-x86_64.pkg.tar.zst.sig', ''],
  ['an archive', 'files/stable/tool-1.0-linux-amd64.tar.gz', ''],
  ['its provenance', 'files/stable/tool-1.0-linux-amd64.tar.gz.intoto.jsonl', ''],
])('%s', (name, path, pin) => {
  it('costs three reads when all is cold and two once the edge has it', async () => {
    const repository = makeRepository(`reads-${name.replaceAll(/\W+/g, '')}`)
    await repository.publish(1, {})
    const content = await contentOf(bytesOf(`the bytes of ${name}`))
    const { own, ending } = splitPackagePath(path)
    await putPath(repository, own, { ...content, ...(ending && { companions: { [ending]: content } }) })
    const cold = await ask(`${repository.base}${pin}/${path}`)
    expect([cold.status, cold.reads]).toEqual([200, 3])
    expect((await ask(`${repository.base}${pin}/${path}`)).reads).toBe(2)
    expect((await ask(`${repository.base}${pin}/${path}`, { 'if-none-match': cold.etag })).reads).toBe(2)
  })
})

it('what an earlier release stored beside a package at a path of its own costs a read more', async () => {
  const repository = makeRepository('reads-beside')
  const path = 'files/stable/tool-1.0-linux-amd64.tar.gz'
  await repository.publish(1, {})
  await putPath(repository, path, await contentOf(bytesOf('the package')))
  await putPath(repository, `${path}.cdx.json`, await contentOf(bytesOf('its parts')))
  const cold = await ask(`${repository.base}/${path}.cdx.json`)
  expect([cold.status, cold.text, cold.reads]).toEqual([200, 'its parts', 4])
})

it.each([
  ['apt', (sha256: string) => `apt/dists/stable/main/binary-amd64/by-hash/SHA256/${sha256}`],
  ['dnf', (sha256: string) => `rpm/stable/repodata/${sha256}-primary.xml.gz`],
])('an index by hash of %s costs three reads when all is cold and two once the edge has it', async (name, pathOf) => {
  const repository = makeRepository(`reads-hash-${name}`)
  const content = await contentOf(bytesOf(`an index of ${name}`))
  await repository.publish(1, {})
  await putDigest(repository, content)
  expect((await ask(`${repository.base}/${pathOf(content.sha256)}`)).reads).toBe(3)
  expect((await ask(`${repository.base}/${pathOf(content.sha256)}`)).reads).toBe(2)
})

it('the address of the newest version asks besides whether its package was taken back', async () => {
  const repository = makeRepository('reads-latest')
  const packagePath = 'files/stable/tool-1.0-linux-amd64.tar.gz'
  const content = await contentOf(bytesOf('the newest'))
  await putPath(repository, packagePath, content)
  await repository.publish(1, { 'files/stable/latest/tool-linux-amd64.tar.gz': { ...content, packagePath } })
  const path = `${repository.base}/files/stable/latest/tool-linux-amd64.tar.gz`
  expect((await ask(path)).reads).toBe(4)
  expect((await ask(path)).reads).toBe(3)
})

it('a private repository costs the grant more', async () => {
  const repository = makeRepository('reads-private', 'private')
  await repository.publish(1, { 'key.asc': await inlined('key') })
  await putGrant('a-token', { reach: [{ organization: 'acme', project: null }], expiresAtMs: null })
  expect((await ask(`${repository.base}/key.asc`, { authorization: 'Bearer a-token' })).reads).toBe(3)
  expect((await ask(`${repository.base}/key.asc`)).reads).toBe(1)
})

it('an unknown repository costs one read, and a file that is not there no more than a package', async () => {
  expect((await ask('/r/acme/nowhere/index.json')).reads).toBe(1)
  const repository = makeRepository('reads-nothing')
  await repository.publish(1, {})
  for (const path of ['pool/none.deb', 'none', `by-hash/SHA256/${'0'.repeat(64)}`]) {
    const { status, reads } = await ask(`${repository.base}/${path}`)
    expect([status, reads <= 4], path).toEqual([404, true])
  }
})
