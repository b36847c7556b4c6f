// Pushes of many files: packed uploads, the question before the bytes, and jobs that are done together, each with an end of
// its own; counted, because a Worker may only ask its database, its store and its queue so many times.
import { createMessageBatch } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import type { InspectManyOrder, Order } from '@distropack/core/contract/packager.ts'
import { joinPack, MAX_PACK_BLOBS, MAX_PACKED_BLOB_BYTES, packHeader } from '@distropack/core/contract/packed.ts'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Env } from '../../workers/web/env.ts'
import { findProjectById } from '../../workers/web/services/access/access.ts'
import { checkPush, createPush } from '../../workers/web/services/builds/new-push.ts'
import { openPlatform, type Platform } from '../../workers/web/services/platform/platform.ts'
import { receivePack } from '../../workers/web/services/uploads/blobs.ts'
import worker from '../../workers/web/worker.ts'
import { api, freshPlatform, newOrganization, QUICK_KEYS, send, settle, sha256Of, uploadText } from './web-fixture.ts'

const realEnv = env as unknown as Env
const AT = '/projects/acme/many'
let acme = ''
let projectId = ''

afterAll(settle)
beforeAll(async () => {
  await freshPlatform()
  acme = await newOrganization('acme')
  projectId = (await api('PUT', AT, { token: acme, json: QUICK_KEYS })).body.id
  await settle()
})

const rows = async <T>(sql: string, ...values: unknown[]): Promise<T[]> =>
  (
    await realEnv.DB.prepare(sql)
      .bind(...values)
      .all<T>()
  ).results

interface Blob {
  readonly sha256: string
  readonly sizeBytes: number
  readonly bytes: Uint8Array
}

const blobOf = async (text: string): Promise<Blob> => {
  const bytes = new TextEncoder().encode(text)
  return { bytes, sha256: await sha256Of(bytes), sizeBytes: bytes.length }
}

const packOf = (blobs: readonly Blob[]): Uint8Array =>
  joinPack(
    blobs,
    blobs.map(({ bytes }) => bytes),
  )
const putPack = (bytes: Uint8Array, token = acme) => api('PUT', `${AT}/blobs/packed`, { token, bytes })
const isOwned = async ({ sha256 }: Blob): Promise<boolean> =>
  (await rows('SELECT 1 FROM project_blobs WHERE sha256 = ?', sha256)).length > 0

describe('a pack of blobs', () => {
  it('makes each of them the project’s', async () => {
    const blobs = [await blobOf('one'), await blobOf(''), await blobOf('three')]
    expect((await putPack(packOf(blobs))).status).toBe(200)
    expect(await Promise.all(blobs.map(isOwned))).toEqual([true, true, true])
    expect((await putPack(packOf(blobs))).status).toBe(200)
  })

  it('with one wrong blob keeps none of them, and names it', async () => {
    const [right, wrong] = [await blobOf('right'), await blobOf('wrong')]
    const answer = await putPack(packOf([right, { ...wrong, bytes: new TextEncoder().encode('gnorw') }]))
    expect([answer.status, answer.body.error.code]).toEqual([422, 'digest_mismatch'])
    expect(answer.body.error.message).toContain(wrong.sha256)
    expect(await Promise.all([right, wrong].map(isOwned))).toEqual([false, false])
  })

  it.each<[string, () => Promise<Uint8Array>, string]>([
    ['no line', async () => new Uint8Array(10), 'request_invalid'],
    ['a line that is no JSON', async () => new TextEncoder().encode('{blobs}\n'), 'request_invalid'],
    ['an unknown key', async () => new TextEncoder().encode('{"blobs":[],"x":1}\n'), 'request_invalid'],
    ['no blob', async () => packHeader([]), 'request_invalid'],
    ['a byte too many', async () => new Uint8Array([...packOf([await blobOf('x')]), 1]), 'size_mismatch'],
    ['a byte too few', async () => packOf([await blobOf('xyz')]).slice(0, -1), 'size_mismatch'],
    [
      'too many blobs',
      async () =>
        packHeader(Array.from({ length: MAX_PACK_BLOBS + 1 }, () => ({ sha256: '0'.repeat(64), sizeBytes: 0 }))),
      'request_invalid',
    ],
    [
      'a blob that is too large',
      async () => packHeader([{ sha256: '0'.repeat(64), sizeBytes: MAX_PACKED_BLOB_BYTES + 1 }]),
      'body_too_large',
    ],
  ])('with %s is refused', async (_, make, code) => {
    const { status, body } = await putPack(await make())
    expect([status < 500, body.error.code]).toEqual([true, code])
  })

  it('is for who may upload', async () => {
    const stranger = await newOrganization('stranger')
    expect((await putPack(packOf([await blobOf('not yours')]), stranger)).status).toBe(404)
  })
})

const fileOf = (fileName: string, { sha256, sizeBytes }: Blob) => ({ fileName, sha256, sizeBytes })
const archive = (name: string): string => `${name}-1.0.0-linux-amd64.tar.gz`

describe('the question before a push', () => {
  it('names what is missing, and changes nothing', async () => {
    const [here, absent] = [await blobOf('here'), await blobOf('absent')]
    await uploadText(acme, 'acme/many', 'here')
    const files = [fileOf(archive('here'), here), fileOf(archive('absent'), absent)]
    const before = await rows('SELECT 1 FROM builds')
    const { status, body } = await api('POST', `${AT}/pushes/check`, { token: acme, json: { files } })
    expect([status, body]).toEqual([200, { missing: [absent.sha256], published: 0 }])
    expect((await rows('SELECT 1 FROM builds')).length).toBe(before.length)
  })

  it('says of every file what is wrong with it', async () => {
    const [one, other] = [await blobOf('one'), await blobOf('another')]
    const words = { name: 'tool', version: '1', arch: 'amd64' }
    const files = [
      fileOf('notes.txt', one),
      fileOf(archive('twice'), one),
      fileOf(archive('twice'), one),
      { ...fileOf(archive('a'), one), ...words },
      { ...fileOf(archive('b'), other), ...words },
    ]
    const { status, body } = await api('POST', `${AT}/pushes/check`, { token: acme, json: { files } })
    expect(status).toBeGreaterThanOrEqual(400)
    const messages = body.error.faults.map(({ message }: { message: string }) => message).join('\n')
    for (const word of ['notes.txt', 'is named twice', 'the same version of the same package'])
      expect(messages).toContain(word)
  })
})

/** A platform that counts what it asks of D1, R2 and the queue. */
const counting = () => {
  const asked = { d1: 0, r2: 0, messages: [] as number[] }
  const watch = <T extends object>(target: T, members: Readonly<Record<string, (...args: never[]) => void>>): T =>
    new Proxy(target, {
      get: (object, name) => {
        const member = Reflect.get(object, name) as unknown
        if (typeof member !== 'function') return member
        return (...args: never[]) => {
          members[String(name)]?.(...args)
          return (member as (...given: never[]) => unknown).apply(object, args)
        }
      },
    })
  const one = (): void => {
    asked.r2++
  }
  const DB = watch(realEnv.DB, {
    prepare: () => {
      asked.d1++
    },
  })
  const BUCKET = watch(realEnv.BUCKET, { get: one, put: one, head: one })
  const JOBS = {
    send: async () => void asked.messages.push(1),
    sendBatch: async (messages: Iterable<unknown>) => void asked.messages.push([...messages].length),
  }
  return { asked, platform: openPlatform({ ...realEnv, DB, BUCKET, JOBS } as never) }
}

const projectOn = async (platform: Platform) => {
  const project = await findProjectById(platform, projectId)
  if (!project) throw new Error('no project')
  return project
}

const need = <T>(result: { ok: true; value: T } | { ok: false; error: unknown }): T => {
  if (!result.ok) throw new Error(JSON.stringify(result.error))
  return result.value
}

describe('a push of ten thousand', () => {
  it('asks the database some dozens of times, and sends a message for 250 files', async () => {
    const { asked, platform } = counting()
    const project = await projectOn(platform)
    const blob = await blobOf('the same bytes under many names')
    need(await receivePack(platform, projectId, [{ blob, bytes: blob.bytes }]))
    const files = Array.from({ length: 10_000 }, (_, n) => fileOf(archive(`many${n}`), blob))
    asked.d1 = 0
    need(await checkPush(platform, project, { channel: 'stable', files }))
    expect(asked.d1).toBeLessThan(60)
    asked.d1 = 0
    const build = need(await createPush(platform, project, { channel: 'stable', files }, { key: null }))
    expect(asked.d1).toBeLessThan(60)
    expect(asked.messages).toEqual([40])
    expect(build.counts.waiting).toBe(10_000)
    expect(build.jobs.length).toBe(200)
    const batches = await rows<{ n: number }>(
      'SELECT count(*) AS n FROM jobs WHERE build_id = ? GROUP BY batch',
      build.id,
    )
    expect(batches.map(({ n }) => n)).toEqual(Array.from({ length: 40 }, () => 250))
    await realEnv.DB.prepare("UPDATE jobs SET state = 'failed' WHERE build_id = ?").bind(build.id).run()
    const page = await api('GET', `${AT}/builds/${build.id}/jobs?limit=200`, { token: acme })
    expect([page.body.items.length, page.body.nextCursor]).toEqual([200, page.body.items[199].target])
  })
})

type Answerer = (order: InspectManyOrder) => Promise<readonly object[] | undefined>

/** A packager that finds what it is told to, and stores that with its job's token; `undefined`: it is cut off. */
const withPackager = (answer: Answerer): { env: Env; orders: Order[] } => {
  const orders: Order[] = []
  const PACKAGERS = {
    idFromName: (name: string) => name,
    get: () => ({
      fetch: async (request: Request): Promise<Response> => {
        const order = (await request.json()) as Order
        orders.push(order)
        const lines = order.kind === 'inspect-many' ? await answer(order) : undefined
        if (!lines) return new Response('')
        const bytes = new TextEncoder().encode(lines.map((line) => `${JSON.stringify(line)}\n`).join(''))
        const sha256 = await sha256Of(bytes)
        const { pathname } = new URL(order.blobsUrl)
        const { status } = await send('PUT', `${pathname}/${sha256}`, { token: order.token, bytes })
        if (status !== 200) throw new Error(`storing answered ${status}`)
        const results = { sha256, sizeBytes: bytes.length }
        return new Response(`${JSON.stringify({ type: 'inspected', results })}\n`)
      },
    }),
  }
  return { env: { ...realEnv, PACKAGERS, PACKAGER_URL: '' } as never, orders }
}

const soundEntry = ({ fileName, file }: InspectManyOrder['files'][number]) => {
  const name = fileName.split('-1.0.0')[0] ?? ''
  const words = { format: 'tar.gz', name, version: '1.0.0', arch: 'amd64', os: 'linux', summary: 'x', fileName }
  return { fileName, entry: { ...words, ...file, installedSizeBytes: 0, paths: [] } }
}

const pushed = async (names: readonly string[]) => {
  const files = []
  for (const name of names) {
    const blob = await blobOf(`the bytes of ${name}`)
    await uploadText(acme, 'acme/many', `the bytes of ${name}`)
    files.push(fileOf(archive(name), blob))
  }
  const { body } = await api('POST', `${AT}/pushes`, { token: acme, json: { files } })
  const [first] = await rows<{ batch: string }>('SELECT batch FROM jobs WHERE build_id = ?', body.id)
  return { buildId: body.id as string, batchId: first?.batch ?? '' }
}

const deliver = async (jobId: string, given: Env): Promise<void> => {
  const message = { id: jobId, timestamp: new Date(), attempts: 1, body: { jobId } }
  await worker.queue(createMessageBatch('distropack-jobs', [message]), given)
}

const statesOf = async (buildId: string): Promise<Record<string, string>> => {
  const found = await rows<{ target: string; state: string }>(
    'SELECT target, state FROM jobs WHERE build_id = ?',
    buildId,
  )
  return Object.fromEntries(found.map(({ target, state }) => [target.split('-1.0.0')[0], state]))
}

describe('jobs that are done together', () => {
  it('are one order; one bad file fails alone, with its own sentence', async () => {
    const { buildId, batchId } = await pushed(['sound', 'bad', 'sound-too'])
    const { env: packaged, orders } = withPackager(async ({ files }) =>
      files.map((file) =>
        file.fileName.startsWith('bad')
          ? { fileName: file.fileName, faults: [{ code: 'package_corrupt', message: 'bad: it ends early.' }] }
          : soundEntry(file),
      ),
    )
    await deliver(batchId, packaged)
    expect(orders.map(({ kind }) => kind)).toEqual(['inspect-many'])
    const { body } = await api('GET', `${AT}/builds/${buildId}`, { token: acme })
    expect(await statesOf(buildId)).toEqual({ sound: 'built', bad: 'failed', 'sound-too': 'built' })
    const bad = body.jobs.find(({ target }: { target: string }) => target.startsWith('bad'))
    expect(bad.faults.map(({ message }: { message: string }) => message)).toEqual(['bad: it ends early.'])
    // Again, by whoever was late: nothing changes.
    await deliver(batchId, packaged)
    expect(orders).toHaveLength(1)
  })

  it('believe the packager no entry of another file, and none that it did not store', async () => {
    const { buildId, batchId } = await pushed(['honest', 'other'])
    const { env: lying } = withPackager(async ({ files }) => {
      const [one, other] = files
      if (!one || !other) throw new Error('two files')
      return [soundEntry(one), soundEntry({ ...other, file: one.file })]
    })
    await deliver(batchId, lying)
    expect(await statesOf(buildId)).toEqual({ honest: 'waiting', other: 'waiting' })
  })

  it('cut off once are tried together again; cut off twice, each goes by itself', async () => {
    const { buildId, batchId } = await pushed(['left', 'right'])
    const { env: cut, orders } = withPackager(async () => undefined)
    await deliver(batchId, cut)
    const after = await rows<{ batch: string | null }>('SELECT batch FROM jobs WHERE build_id = ?', buildId)
    expect(after.map(({ batch }) => batch)).toEqual([batchId, batchId])
    await deliver(batchId, cut)
    const apart = await rows<{ id: string; batch: string | null }>(
      'SELECT id, batch FROM jobs WHERE build_id = ?',
      buildId,
    )
    expect(apart.map(({ batch }) => batch)).toEqual([null, null])
    for (const { id } of apart) await deliver(id, cut)
    expect(orders.map(({ kind }) => kind)).toEqual(['inspect-many', 'inspect-many', 'inspect', 'inspect'])
  })

  it('have one lease, the first one’s: nobody takes them while it is held, and whoever comes after it does', async () => {
    const { buildId, batchId } = await pushed(['leased', 'with-it', 'and-it'])
    const leases = async () => {
      const found = await rows<{ id: string; lease: number | null }>(
        'SELECT id, lease_until_ms AS lease FROM jobs WHERE build_id = ?',
        buildId,
      )
      return found.filter(({ lease }) => lease !== null).map(({ id }) => id)
    }
    const orders: number[] = []
    const { env: packaged } = withPackager(async ({ files }) => {
      orders.push(files.length)
      expect(await leases()).toEqual([batchId])
      // A second delivery while the first is at work; then as if the first had died.
      if (orders.length === 1) {
        await deliver(batchId, packaged)
        expect(orders).toEqual([3])
        await realEnv.DB.prepare('UPDATE jobs SET lease_until_ms = 1 WHERE id = ?').bind(batchId).run()
        await deliver(batchId, packaged)
      }
      return files.map(soundEntry)
    })
    await deliver(batchId, packaged)
    expect(orders).toEqual([3, 3])
    expect(Object.values(await statesOf(buildId))).toEqual(['built', 'built', 'built'])
  })

  it('that are too long to stand among others are read alone', async () => {
    const { buildId, batchId } = await pushed(['short', 'long'])
    const { env: packaged } = withPackager(async ({ files }) =>
      files.map((file) =>
        file.fileName.startsWith('long') ? { fileName: file.fileName, isLarge: true } : soundEntry(file),
      ),
    )
    await deliver(batchId, packaged)
    expect(await statesOf(buildId)).toEqual({ short: 'built', long: 'waiting' })
    const [long] = await rows<{ batch: string | null }>(
      "SELECT batch FROM jobs WHERE build_id = ? AND state = 'waiting'",
      buildId,
    )
    expect(long?.batch).toBeNull()
  })

  it('open their packs to their own packager alone, while they are read', async () => {
    const { batchId } = await pushed(['open', 'closed'])
    const seen: number[] = []
    let token = ''
    const packs = `/api/v1/jobs/${batchId}/packs/0`
    const { env: packaged } = withPackager(async (order) => {
      token = order.token
      for (const bearer of [order.token, acme, 'dpj_nothing'])
        seen.push((await send('GET', packs, { token: bearer })).status)
      return order.files.map(soundEntry)
    })
    await deliver(batchId, packaged)
    expect(seen).toEqual([200, 401, 401])
    expect((await send('GET', packs, { token })).status).toBe(401)
  })

  it('cost the store and the database the same, however many they are, but for what is theirs', async () => {
    const { platform, asked } = counting()
    const names = Array.from({ length: 40 }, (_, n) => `counted${n}`)
    const { buildId, batchId } = await pushed(names)
    const { env: packaged } = withPackager(async ({ files }) => files.map(soundEntry))
    await deliver(batchId, { ...packaged, DB: platform.env.DB, BUCKET: platform.env.BUCKET } as never)
    expect(Object.values(await statesOf(buildId))).toEqual(names.map(() => 'built'))
    expect(asked.d1).toBeLessThan(60)
    // The results, the entries, and what is said of them: three objects, whatever the number of files.
    expect(asked.r2).toBeLessThan(10)
  })
})
