// Packages the server keeps: a manifest edited in place, slots with every upload, builds that say what went in.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { idOfUuid, uuidOf } from '../../workers/web/services/platform/ids.ts'
import { api, freshPlatform, newOrganization, QUICK_KEYS, settle, sha256Of, uploadText } from './web-fixture.ts'

const MANIFEST = `name: tool
arch: amd64
version: 1.0.0
maintainer: A <a@example.org>
description: A tool.
contents:
  - { src: slot:binary, dst: /usr/bin/tool, file_info: { mode: 0755 } }
  - { src: slot:manual, dst: /usr/share/man/man1/tool.1 }
scripts:
  postinstall: slot:after-install
`

let token: string
const at = '/projects/acme/tool/packages'
afterAll(settle)
beforeAll(async () => {
  await freshPlatform()
  token = await newOrganization('acme')
  await api('PUT', '/projects/acme/tool', { token, json: QUICK_KEYS })
})

const upload = async (slot: string, text: string) => {
  const sha256 = await uploadText(token, 'acme/tool', text)
  const json = { sha256, sizeBytes: text.length, fileName: `${slot}.bin` }
  return api('POST', `${at}/tool/files/${slot}`, { token, json })
}

describe('a package', () => {
  it('is made from a manifest and names its slots', async () => {
    const made = await api('POST', at, { token, json: { package: 'tool', manifest: MANIFEST, targets: ['deb/amd64'] } })
    expect(made.status).toBe(201)
    expect(made.body).toMatchObject({ package: 'tool', revision: 1, targets: ['deb/amd64'], channel: 'stable' })
    expect(made.body.slots).toEqual(['after-install', 'binary', 'manual'].map((slot) => ({ slot, file: null })))
    expect(made.headers.get('etag')).toBe('"1"')
    expect((await api('POST', at, { token, json: { package: 'tool', manifest: MANIFEST } })).status).toBe(409)
  })

  it('is refused when its manifest or targets are wrong, with the line', async () => {
    const wrong = await api('POST', at, { token, json: { package: 'other', manifest: 'name: x\ncontnets: []\n' } })
    expect([wrong.status, wrong.body.error.code]).toEqual([422, 'manifest_invalid'])
    expect(wrong.body.error.message).toContain('distropack.yaml:2')
    const target = await api('POST', at, {
      token,
      json: { package: 'other', manifest: MANIFEST, targets: ['deb/vax'] },
    })
    expect([target.status, target.body.error.code]).toEqual([422, 'target_unknown'])
  })

  it('is edited by whoever saw its newest revision, and by nobody else', async () => {
    const manifest = `${MANIFEST}homepage: https://example.org\n`
    const edit = (ifMatch?: string) =>
      api('PATCH', `${at}/tool`, {
        token,
        json: { manifest },
        ...(ifMatch ? { headers: { 'if-match': ifMatch } } : {}),
      })
    expect((await edit()).body.error.code).toBe('precondition_required')
    const edited = await edit('"1"')
    expect([edited.status, edited.body.revision, edited.headers.get('etag')]).toEqual([200, 2, '"2"'])
    expect((await edit('"1"')).body.error.code).toBe('precondition_failed')
    const both = await Promise.all([edit('"2"'), edit('"2"')])
    expect(both.map(({ status }) => status).sort()).toEqual([200, 412])
    expect((await api('GET', `${at}/tool`, { token })).body.manifest).toBe(manifest)
  })
})

describe('a slot', () => {
  it('takes uploads, keeps them all and shows the newest', async () => {
    expect((await upload('nonesuch', 'x')).status).toBe(404)
    const first = (await upload('binary', 'one')).body
    const second = (await upload('binary', 'two')).body
    const shown = (await api('GET', `${at}/tool`, { token })).body.slots
    expect(shown.find(({ slot }: { slot: string }) => slot === 'binary').file.id).toBe(second.id)
    const all = (await api('GET', `${at}/tool/files?slot=binary`, { token })).body.items
    expect(all.map(({ id }: { id: string }) => id)).toEqual([second.id, first.id])
    expect(all[1].sha256).toBe(await sha256Of(new TextEncoder().encode('one')))
  })

  it('takes no bytes that this project does not have', async () => {
    const rival = await newOrganization('rival')
    await api('PUT', '/projects/rival/tool', { token: rival, json: QUICK_KEYS })
    const sha256 = await uploadText(rival, 'rival/tool', 'theirs')
    const json = { sha256, sizeBytes: 6, fileName: 'theirs' }
    const refused = await api('POST', `${at}/tool/files/binary`, { token, json })
    expect([refused.status, refused.body.error.code]).toEqual([409, 'blob_missing'])
  })
})

describe('a build of a package', () => {
  it('is refused with the names of slots that have no upload', async () => {
    const refused = await api('POST', `${at}/tool/builds`, { token, json: {} })
    expect([refused.status, refused.body.error.code]).toEqual([422, 'source_missing'])
    expect(refused.body.error.message).toContain('after-install, manual')
  })

  it('uses the newest uploads, or the ones it names, and says which', async () => {
    await upload('manual', '.TH TOOL 1\n')
    await upload('after-install', '#!/bin/sh\ntrue\n')
    const built = await api('POST', `${at}/tool/builds`, { token, json: { version: '1.1.0' } })
    expect(built.status).toBe(201)
    expect(built.body.jobs.map(({ target }: { target: string }) => target)).toEqual(['deb/amd64'])
    const [newest, oldest] = (await api('GET', `${at}/tool/files?slot=binary`, { token })).body.items
    const used = (id: string) => built.body.files.find(({ fileId }: { fileId: string }) => fileId === id)
    expect(used(newest.id)).toMatchObject({ slot: 'binary', sha256: newest.sha256 })
    const older = await api('POST', `${at}/tool/builds`, {
      token,
      json: { version: '1.2.0', files: { binary: oldest.id } },
    })
    const read = (await api('GET', `/projects/acme/tool/builds/${older.body.id}`, { token })).body
    expect(read.files).toContainEqual({ slot: 'binary', fileId: oldest.id, sha256: oldest.sha256 })
  })

  it('is refused of an archived package', async () => {
    const { revision } = (await api('GET', `${at}/tool`, { token })).body
    const headers = { 'if-match': `"${revision}"` }
    await api('PATCH', `${at}/tool`, { token, json: { archived: true }, headers })
    expect((await api('POST', `${at}/tool/builds`, { token, json: {} })).body.error.code).toBe('project_archived')
    expect((await upload('binary', 'three')).body.error.code).toBe('project_archived')
  })
})

describe('an id', () => {
  it('is a UUID as well, and back', async () => {
    const { id, uuid } = (await api('GET', `${at}/tool`, { token })).body
    expect(uuid).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
    expect(uuid).toBe(uuidOf(id))
    expect(idOfUuid('pkg', uuid.toUpperCase())).toBe(id)
    expect(idOfUuid('pkg', crypto.randomUUID())).toBeUndefined()
  })
})
