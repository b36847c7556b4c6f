import { exports } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import { recountStorage, releaseBlob } from '../../workers/web/services/billing/storage-count.ts'
import { openPlatform } from '../../workers/web/services/platform/platform.ts'
import {
  api,
  atRealTime,
  billing,
  DAY_MS,
  deliver,
  env,
  fillStorage,
  makeProject,
  newOrganization,
  pass,
  rowsOf,
  send,
  stripe,
  subscribe,
  sweep,
  testEnv,
  useMinutes,
} from './billing-fixture.ts'
import { acme, build, expectRefusal, MANIFEST, PROGRAM, upload, useFreeOrganization } from './billing-organization.ts'
import { OPERATOR, sha256Of, uploadText } from './web-fixture.ts'

const GIB = 1024 ** 3
const worker = (exports as unknown as { default: Fetcher }).default
const FREE_BYTES = 2 * GIB

useFreeOrganization()

describe('storage', () => {
  it('is used to the last byte and not beyond', async () => {
    await fillStorage(FREE_BYTES - 10)
    expect((await upload('acme/tool', 'ten bytes!')).status).toBe(200)
    expect((await billing(acme)).usage.storageBytes).toBe(FREE_BYTES)
    expectRefusal(await upload('acme/tool', 'x'), /^Storage: 2 GiB of 2 GiB of the plan Free are in use/)
  })

  it('over the limit stops uploads in parts, at their start and at their end', async () => {
    const start = (sha256: string) =>
      api('POST', `/projects/acme/tool/blobs/${sha256}/uploads`, { token: acme, json: { sizeBytes: GIB } })
    const begun = await start('a'.repeat(64))
    expect(begun.status).toBe(200)
    await fillStorage(FREE_BYTES - 5)
    expectRefusal(await start('b'.repeat(64)), /this needs 1 GiB more/)
    // What is under way may go on being sent, and is measured again when it ends.
    expect((await start('a'.repeat(64))).body.uploadId).toBe(begun.body.uploadId)
    const path = `/projects/acme/tool/blobs/${'a'.repeat(64)}/uploads/${begun.body.uploadId}/complete`
    expectRefusal(await api('POST', path, { token: acme }), /Storage/)
  })

  it('stops a file that comes as a form, before it is read and when its size is known', async () => {
    const manifest = MANIFEST.replace('./tool', 'slot:program')
    const made = await api('POST', '/projects/acme/tool/packages', { token: acme, json: { package: 'tool', manifest } })
    const send = async (text: string): Promise<[number, string]> => {
      const form = `--b\r\nContent-Disposition: form-data; name="file"; filename="x"\r\n\r\n${text}\r\n--b--\r\n`
      const address = `http://platform.test/api/upload_file?packageId=${made.body.uuid}&accessName=program`
      const headers = { authorization: `Bearer ${acme}`, 'content-type': 'multipart/form-data; boundary=b' }
      const response = await worker.fetch(address, { method: 'POST', headers, body: new TextEncoder().encode(form) })
      return [response.status, await response.text()]
    }
    await fillStorage(FREE_BYTES - 10)
    expect((await send('ten bytes!'))[0]).toBe(200)
    expect(await send('one more')).toEqual([402, expect.stringMatching(/^Storage: 2 GiB of 2 GiB.*\/acme\/billing\n$/)])
    await fillStorage(FREE_BYTES + 1)
    expect((await send(''))[0]).toBe(402)
    expect(await rowsOf('SELECT * FROM project_blobs')).toHaveLength(1)
  })

  it('counts a content once, whichever projects have it, and takes it again when it is full', async () => {
    await upload('acme/tool', 'the same bytes')
    await upload('acme/tool', 'the same bytes')
    await upload('acme/other', 'the same bytes')
    expect((await billing(acme)).usage.storageBytes).toBe(14)
    await fillStorage(FREE_BYTES)
    expect((await upload('acme/other', 'the same bytes')).status).toBe(200)
    expectRefusal(await upload('acme/other', 'other bytes'), /Storage/)
  })

  it('of a deleted package is given back, unless something else still has it', async () => {
    const [project] = await rowsOf<{ id: string }>("SELECT id FROM projects WHERE slug = 'tool'")
    const keep = async (id: string, text: string, deletedAtMs: number | null): Promise<string> => {
      const sha256 = await uploadText(acme, 'acme/tool', text)
      await testEnv.DB.prepare(
        `INSERT INTO artifacts (id, project_id, format, name, version, arch, file_name, size_bytes, sha256,
           unsigned_sha256, input_sha256, content, companions, entry_sha256, created_at_ms, deleted_at_ms)
         VALUES (?1, ?2, 'deb', ?1, '1', 'amd64', ?1, 1, '', ?3, '', '{}', '{}', '', 1, ?4)`,
      )
        .bind(id, project?.id, sha256, deletedAtMs)
        .run()
      return sha256
    }
    const release = (sha256: string) => releaseBlob(openPlatform(env), project?.id ?? '', sha256)
    const stored = async (): Promise<number> => (await billing(acme)).usage.storageBytes
    const shared = await keep('art_1', 'of two packages', 1)
    await keep('art_2', 'of two packages', null)
    const alone = await keep('art_3', 'of one', 1)
    const both = await keep('art_4', 'of two projects', 1)
    await upload('acme/other', 'of two projects')
    expect(await stored()).toBe(15 + 6 + 15)
    for (const sha256 of [shared, alone, both, alone]) await release(sha256)
    expect(await stored()).toBe(15 + 15)
    const [owner] = await rowsOf<{ id: string }>("SELECT id FROM organizations WHERE slug = 'acme'")
    await recountStorage(openPlatform(env), owner?.id ?? '')
    expect(await stored()).toBe(15 + 15)
    await testEnv.DB.prepare("DELETE FROM artifacts WHERE id LIKE 'art__'").run()
  })

  it('is the same counted anew', async () => {
    await Promise.all(['one', 'two', 'three', 'two'].map((text) => upload('acme/tool', text)))
    await upload('acme/other', 'three')
    const counted = (await billing(acme)).usage.storageBytes
    expect(counted).toBe('onetwothree'.length)
    const platform = openPlatform(env)
    const [owner] = await rowsOf<{ id: string }>("SELECT id FROM organizations WHERE slug = 'acme'")
    await recountStorage(platform, owner?.id ?? '')
    expect((await billing(acme)).usage.storageBytes).toBe(counted)
  })

  it('has what is announced and not there yet, and what builds were asked for, until either is swept', async () => {
    const stored = async (): Promise<number> => (await billing(acme)).usage.storageBytes
    const before = await stored()
    const sha256 = 'c'.repeat(64)
    const path = `/projects/acme/tool/blobs/${sha256}/uploads`
    expect((await api('POST', path, { token: acme, json: { sizeBytes: 1000 } })).status).toBe(200)
    expect(await stored()).toBe(before + 1000)
    await testEnv.DB.prepare('UPDATE uploads SET created_at_ms = 1 WHERE sha256 = ?').bind(sha256).run()
    const made = await build({ variables: { LONG: 'x'.repeat(10_000) } })
    expect(made.status).toBe(201)
    expect(await stored()).toBeGreaterThan(before + 11_000)
    await testEnv.DB.prepare("UPDATE jobs SET state = 'failed' WHERE build_id = ?").bind(made.body.id).run()
    await testEnv.DB.prepare('UPDATE builds SET created_at_ms = 1, ended_at_ms = 1 WHERE id = ?')
      .bind(made.body.id)
      .run()
    await api('POST', '/operator/sweep', { token: OPERATOR })
    expect(await stored()).toBe(before + PROGRAM.length)
  })

  it('of one organization is none of another’s', async () => {
    await fillStorage(FREE_BYTES)
    const rival = await newOrganization('rival')
    expect((await billing(rival, 'rival')).usage.storageBytes).toBe(0)
  })
})

describe('other limits', () => {
  it('stop private repositories, and grants to those that are above them', async () => {
    const hide = () => api('PATCH', '/projects/acme/other', { token: acme, json: { access: 'private' } })
    expectRefusal(await hide(), /^Private repositories: 0 of 0/)
    const asPrivate = { token: acme, json: { access: 'private' } }
    expectRefusal(await api('PUT', '/projects/acme/hidden', asPrivate), /^Private repositories: 0 of 0/)
    const grant = () =>
      api('POST', '/organizations/acme/tokens', { token: acme, json: { name: 'a reader', scopes: ['read'] } })
    await fillStorage(FREE_BYTES + 1)
    // Nothing of it is private: a token opens nothing that is not open to all.
    expect((await grant()).status).toBe(201)
    await testEnv.DB.prepare("UPDATE projects SET access = 'private' WHERE slug = 'other'").run()
    expectRefusal(await grant(), /^Private repositories: 1 of 0/)
    await testEnv.DB.prepare("UPDATE projects SET access = 'public'").run()
  })

  it('stop the project above them, and find one that is there', async () => {
    expect((await makeProject(acme, 'acme/third')).status).toBe(201)
    expectRefusal(await makeProject(acme, 'acme/fourth'), /^Projects: 3 of 3 of the plan Free are in use/)
    expect((await makeProject(acme, 'acme/third')).status).toBe(200)
  })

  it('are told of once in a period: when they are near, and when one stopped something', async () => {
    await testEnv.DB.prepare("DELETE FROM audit_entries WHERE action LIKE 'quota.%'").run()
    await testEnv.DB.prepare('DELETE FROM quota_notices').run()
    await useMinutes(80)
    await build()
    await build()
    await useMinutes(20)
    await build()
    await build()
    const entries = await rowsOf<{ action: string; subject: string }>(
      "SELECT action, subject FROM audit_entries WHERE action LIKE 'quota.%' ORDER BY action",
    )
    expect(entries).toEqual([
      { action: 'quota.near', subject: 'build minutes' },
      { action: 'quota.over', subject: 'build minutes' },
    ])
  })
})

describe('pitfall 08: a reader', () => {
  it('notices nothing of an organization that is over every limit and does not pay', async () => {
    const index = await send('GET', '/r/acme/tool')
    await stripe({ do: 'after_dunning', choice: 'leave_unpaid' })
    await subscribe({ plan: 'pro' }, 'declined')
    for (let week = 0; week < 6; week++) await pass(7 * DAY_MS).then(() => deliver())
    expect((await billing(acme)).subscription.status).toBe('unpaid')
    await fillStorage(100 * GIB)
    await useMinutes(1e6)
    expect((await billing(acme)).banner.kind).toBe('stopped')
    expectRefusal(await upload('acme/tool', 'new'), /Storage/)
    expect(index.status).toBe(200)
    expect(await send('GET', '/r/acme/tool')).toMatchObject({ status: 200, body: index.body })
    expect((await send('GET', '/r/acme/tool/key.asc')).status).toBe(200)
    expect((await send('GET', '/r/acme/tool/@1/key.asc')).status).toBe(200)
    expect((await api('GET', '/projects/acme/tool/artifacts', { token: acme })).status).toBe(200)
  })
})

describe('the days after a larger plan', () => {
  it('go on as before for what is above the smaller one, and then stop; nothing is deleted', async () => {
    await subscribe({ plan: 'pro' }, 'none')
    await uploadText(acme, 'acme/tool', PROGRAM)
    await fillStorage(10 * GIB)
    await pass(14 * DAY_MS + 1000)
    await sweep()
    expect(await billing(acme)).toMatchObject({
      plan: 'free',
      banner: { kind: 'over_limits', limits: ['storageBytes'] },
    })
    expect((await upload('acme/tool', 'within the days of grace')).status).toBe(200)
    await pass(14 * DAY_MS)
    expectRefusal(await upload('acme/tool', 'after them'), /^Storage: 10 GiB of 2 GiB/)
    expect(await rowsOf('SELECT * FROM project_blobs')).toHaveLength(2)
  })
})

describe('a project that comes from another organization', () => {
  it('is measured against the limits of the new one, and its storage moves with it', async () => {
    const rival = await newOrganization('rival')
    await makeProject(rival, 'rival/moving')
    const bytes = new TextEncoder().encode('fourteen bytes')
    await api('PUT', `/projects/rival/moving/blobs/${await sha256Of(bytes)}`, { token: rival, bytes })
    const move = () =>
      atRealTime(() =>
        api('POST', '/projects/rival/moving/transfer', { token: OPERATOR, json: { organization: 'acme' } }),
      )
    await fillStorage(FREE_BYTES - 13)
    expectRefusal(await move(), /^(Storage|Projects)/)
    await subscribe({ plan: 'team' })
    const moved = await move()
    expect([moved.status, moved.body.organization]).toEqual([200, 'acme'])
    expect((await billing(acme)).usage.storageBytes).toBe(14)
    expect((await billing(rival, 'rival')).usage.storageBytes).toBe(0)
  })
})
