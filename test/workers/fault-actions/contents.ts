// What is uploaded, kept, asked to be built, published and taken back.
import { objectKey } from '@distropack/core/contract/objects.ts'
import { joinPack } from '@distropack/core/contract/packed.ts'
import { findFormat } from '@distropack/core/registry.ts'
import { keepArtifact, offerInChannel } from '../../../workers/web/services/packages/artifacts.ts'
import { openPlatform } from '../../../workers/web/services/platform/platform.ts'
import { putBlobBytes } from '../../../workers/web/storage/blobs.ts'
import { api, sha256Of, uploadText } from '../web-fixture.ts'
import type { Action, AnyAction } from './action.ts'
import {
  afterPublishing,
  holdPublisher,
  isWoken,
  must,
  one,
  projectId,
  publisherStub,
  realEnv,
  rows,
  run,
  statusAt,
  word,
  world,
} from './fixture.ts'

const V1 = '/api/v1'
const at = '/projects/acme/tool'
/** Its publisher is held: what is built there is not published. */
const held = '/projects/acme/held'
const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text)

export interface Kept {
  readonly id: string
  readonly name: string
  readonly fileName: string
}

/** A finished archive of the project, as a build leaves it; not offered yet. */
export const newArtifact = async (name = word('pkg'), inputSha256?: string, project = 'tool'): Promise<Kept> => {
  const platform = openPlatform(realEnv)
  const format = findFormat('tar.gz')
  if (!format) throw new Error('no format for archives')
  const unsigned = await putBlobBytes(platform.bucket, bytesOf(`the bytes of ${name}`))
  const fileName = `${name}-1.0.0-linux-amd64.tar.gz`
  const words = { format: 'tar.gz', name, version: '1.0.0', arch: 'amd64', os: 'linux', summary: 'x', fileName }
  const entry = { ...words, ...unsigned, installedSizeBytes: 0, paths: [] }
  const kept = await keepArtifact(platform, {
    ...{ projectId: await projectId(project), format, unsigned, entry },
    inputSha256: inputSha256 ?? (await sha256Of(bytesOf(name))),
    warnings: [],
    attest: async () => ({}),
  })
  if (!kept.ok) throw new Error(kept.error.message)
  return { id: kept.value.id, name, fileName }
}

export const offer = async ({ id, fileName }: Kept): Promise<void> => {
  const path = `files/stable/${fileName}`
  const offered = { projectId: await projectId('tool'), channel: 'stable', artifactId: id, path }
  const done = await offerInChannel(openPlatform(realEnv), offered)
  if (!done.ok) throw new Error(done.error.message)
}

export const exactOf = ({ fileName }: Kept): string => `files/stable/${fileName}`
export const latestOf = ({ name }: Kept): string => `files/stable/latest/${name}-linux-amd64.tar.gz`
const statusIn = (path: string): Promise<number> => statusAt(`acme/tool/${path}`)

interface Published extends Kept {
  /** The generation that shows it. */
  readonly generation: number
}

/** Published together: a generation costs the same for one and for many. */
const pool: Published[] = []
const AT_ONCE = 12

export const published = async (): Promise<Published> => {
  const ready = pool.pop()
  if (ready) return ready
  const made: Kept[] = []
  for (let i = 0; i < AT_ONCE; i++) made.push(await newArtifact())
  for (const kept of made) await offer(kept)
  const id = await projectId('tool')
  await publisherStub(id).publish(id)
  const last = made[AT_ONCE - 1]
  const missing = await afterPublishing([id], async () =>
    last && (await statusIn(latestOf(last))) === 200 ? undefined : 'late',
  )
  if (missing) throw new Error('packages of the tests are not published')
  const generation = await publisherStub(id).generation()
  pool.push(...made.map((kept) => ({ ...kept, generation })))
  return published()
}

/** One that goes and comes back. */
let turned: Published | undefined
const turn = async (to: 'yank' | 'unyank'): Promise<Published> => {
  turned ??= await published()
  await must('POST', `${at}/artifacts/${turned.id}/${to}`, { json: {} })
  const missing = await afterTaking(turned, 200, to === 'yank' ? 404 : 200)
  if (missing) throw new Error(missing)
  return turned
}

const afterTaking = async (
  { generation, ...kept }: Published,
  exact: number,
  latest: number,
): Promise<string | undefined> =>
  afterPublishing([await projectId('tool')], async () => {
    const found = {
      exact: await statusIn(exactOf(kept)),
      latest: await statusIn(latestOf(kept)),
      'the exact one of before': await statusIn(`@${generation}/${exactOf(kept)}`),
      'the latest of before': await statusIn(`@${generation}/${latestOf(kept)}`),
    }
    const wanted = [exact, latest, exact, latest]
    const wrong = Object.entries(found).filter(([, status], i) => status !== wanted[i])
    return wrong.length > 0 ? wrong.map(([what, status]) => `${what} answers ${status}`).join(', ') : undefined
  })

const yank: Action<Published> = {
  route: 'POST /api/v1/projects/:org/:project/artifacts/:artifactId/yank',
  prepare: () => turn('unyank'),
  act: (ask, { id }) => ask('POST', `${V1}${at}/artifacts/${id}/yank`, { token: world.admin, json: {} }),
  missing: (subject) => afterTaking(subject, 200, 404),
  closes: true,
}

const unyank: Action<Published> = {
  route: 'POST /api/v1/projects/:org/:project/artifacts/:artifactId/unyank',
  prepare: () => turn('yank'),
  act: (ask, { id }) => ask('POST', `${V1}${at}/artifacts/${id}/unyank`, { token: world.admin, json: {} }),
  missing: (subject) => afterTaking(subject, 200, 200),
}

const remove: Action<Published> = {
  route: 'DELETE /api/v1/projects/:org/:project/artifacts/:artifactId',
  prepare: published,
  act: (ask, { id }) => ask('DELETE', `${V1}${at}/artifacts/${id}`, { token: world.admin }),
  missing: (subject) => afterTaking(subject, 404, 404),
  closes: true,
}

const MANIFEST = `name: tool
arch: amd64
version: 0.0.0
maintainer: A Person <a@example.com>
description: A tool
contents:
  - { src: slot:source, dst: /usr/share/tool/source }
`

const newPackage = async (): Promise<{ slug: string }> => {
  const slug = word('kept')
  await must('POST', `${held}/packages`, { json: { package: slug, manifest: MANIFEST, targets: ['tar.gz/amd64'] } })
  return { slug }
}

const createPackage: Action<{ slug: string }> = {
  route: 'POST /api/v1/projects/:org/:project/packages',
  prepare: async () => ({ slug: word('kept') }),
  act: (ask, { slug }) =>
    ask('POST', `${V1}${held}/packages`, {
      token: world.admin,
      json: { package: slug, manifest: `${MANIFEST}# ${slug}\n` },
    }),
  missing: async ({ slug }) => {
    if ((await rows('SELECT 1 FROM packages WHERE slug = ?', slug)).length === 0) return 'there is no package'
    const told = await rows("SELECT 1 FROM audit_entries WHERE action = 'package.created' AND subject = ?", slug)
    return told.length === 1 ? undefined : `it was written down ${told.length} times`
  },
}

const editPackage: Action<{ slug: string }> = {
  route: 'PATCH /api/v1/projects/:org/:project/packages/:package',
  prepare: newPackage,
  act: (ask, { slug }) =>
    ask('PATCH', `${V1}${held}/packages/${slug}`, {
      token: world.admin,
      headers: { 'if-match': '"1"' },
      json: { manifest: `${MANIFEST}# edited ${slug}\n` },
    }),
  missing: async ({ slug }) => {
    const { revision } = await one<{ revision: number }>('SELECT revision FROM packages WHERE slug = ?', slug)
    if (revision !== 2) return `it is at revision ${revision}`
    const told = await rows("SELECT 1 FROM audit_entries WHERE action = 'package.edited' AND subject = ?", slug)
    return told.length === 1 ? undefined : `it was written down ${told.length} times`
  },
}

const fillSlot = async (slug: string): Promise<object> => {
  const sha256 = await uploadText(world.admin, 'acme/held', 'the source')
  return must('POST', `${held}/packages/${slug}/files/source`, {
    json: { sha256, sizeBytes: 'the source'.length, fileName: 'source' },
  })
}

const addFile: Action<{ slug: string; sha256: string }> = {
  route: 'POST /api/v1/projects/:org/:project/packages/:package/files/:slot',
  prepare: async () => ({ ...(await newPackage()), sha256: await uploadText(world.admin, 'acme/held', 'the source') }),
  act: (ask, { slug, sha256 }) =>
    ask('POST', `${V1}${held}/packages/${slug}/files/source`, {
      token: world.admin,
      json: { sha256, sizeBytes: 'the source'.length, fileName: 'source' },
    }),
  missing: async ({ slug }) =>
    (await rows('SELECT 1 FROM package_files f JOIN packages k ON k.id = f.package_id WHERE k.slug = ?', slug)).length >
    0
      ? undefined
      : 'the slot is empty',
}

/** One build of this key, its request, and each of its jobs somewhere on its way. */
const buildOfKey = async (key: string): Promise<string | undefined> => {
  const found = await rows<{ id: string; bytes: number; jobs: number }>(
    `SELECT b.id, b.request_bytes AS bytes, (SELECT count(*) FROM jobs j WHERE j.build_id = b.id AND j.state = 'waiting') AS jobs
     FROM builds b WHERE b.idempotency_key = ?`,
    key,
  )
  const [build] = found
  if (found.length !== 1 || !build) return `there are ${found.length} builds`
  if (build.jobs !== 1) return `${build.jobs} of its jobs wait`
  const request = await realEnv.BUCKET.head(objectKey.request(build.id))
  if (request?.size !== build.bytes) return 'its request is not what was counted'
  const claimed = await rows("SELECT 1 FROM outbox WHERE kind = 'request' AND subject = ?", build.id)
  return claimed.length > 0 ? 'its request is to be swept' : undefined
}

const buildPackage: Action<{ slug: string; key: string }> = {
  route: 'POST /api/v1/projects/:org/:project/packages/:package/builds',
  prepare: async () => {
    const { slug } = await newPackage()
    await fillSlot(slug)
    return { slug, key: word('a-key-of-a-package-') }
  },
  act: (ask, { slug, key }) =>
    ask('POST', `${V1}${held}/packages/${slug}/builds`, {
      token: world.admin,
      headers: { 'idempotency-key': key },
      json: { version: `2.0.${key.replaceAll(/\D/g, '')}` },
    }),
  missing: async ({ key }) => {
    const missing = await buildOfKey(key)
    if (missing) return missing
    const files = await rows(
      'SELECT 1 FROM build_files f JOIN builds b ON b.id = f.build_id WHERE b.idempotency_key = ?',
      key,
    )
    return files.length === 1 ? undefined : 'nobody knows which upload it used'
  },
}

const PLAIN = MANIFEST.replace('slot:source', './source')

const buildRequest = async (name: string) => {
  const sha256 = await uploadText(world.admin, 'acme/held', 'the source')
  const source = { path: 'source', kind: 'file', mode: 0o644, mtimeSeconds: 1, sizeBytes: 'the source'.length, sha256 }
  return {
    manifest: PLAIN.replace('name: tool', `name: ${name}`),
    version: '1.0.0',
    sources: [source],
    targets: ['tar.gz/amd64'],
  }
}

const build: Action<{ key: string; json: object }> = {
  route: 'POST /api/v1/projects/:org/:project/builds',
  prepare: async () => ({ key: word('a-key-of-a-build-'), json: await buildRequest(word('built')) }),
  act: (ask, { key, json }) =>
    ask('POST', `${V1}${held}/builds`, { token: world.admin, headers: { 'idempotency-key': key }, json }),
  missing: ({ key }) => buildOfKey(key),
}

/** Of what an earlier build made, for another channel: nothing is built, and it is offered all the same. */
const promote: Action<{ key: string; json: object; artifactId: string; channel: string }> = {
  route: 'POST /api/v1/projects/:org/:project/builds',
  name: 'of what is known',
  prepare: async () => {
    const name = word('known')
    const json = await buildRequest(name)
    const first = await must('POST', `${held}/builds`, { json })
    const job = await one<{ sha: string }>('SELECT input_sha256 AS sha FROM jobs WHERE build_id = ?', first.id)
    const { id: artifactId } = await newArtifact(name, job.sha, 'held')
    await run("UPDATE jobs SET state = 'built', artifact_id = ? WHERE build_id = ?", artifactId, first.id)
    const channel = word('beta')
    await holdPublisher(await projectId('held'))
    return { key: word('a-key-of-known-'), json: { ...json, channel }, artifactId, channel }
  },
  act: (ask, { key, json }) =>
    ask('POST', `${V1}${held}/builds`, { token: world.admin, headers: { 'idempotency-key': key }, json }),
  missing: async ({ key, artifactId, channel }) => {
    const offers = await rows('SELECT 1 FROM publications WHERE artifact_id = ? AND channel = ?', artifactId, channel)
    const [made] = await rows<{ ended: number | null }>(
      'SELECT ended_at_ms AS ended FROM builds WHERE idempotency_key = ?',
      key,
    )
    if (!made) return 'there is no build'
    if (offers.length === 0) return 'the channel does not offer it'
    if (made.ended === null) return 'its end is not noted'
    return (await isWoken(await projectId('held'))) ? undefined : 'nobody publishes it'
  },
}

const push: Action<{ key: string; json: object }> = {
  route: 'POST /api/v1/projects/:org/:project/pushes',
  prepare: async () => {
    const sha256 = await uploadText(world.admin, 'acme/held', 'a package')
    const file = { fileName: `${word('pushed')}_1_amd64.deb`, sha256, sizeBytes: 'a package'.length }
    return { key: word('a-key-of-a-push-'), json: { files: [file] } }
  },
  act: (ask, { key, json }) =>
    ask('POST', `${V1}${held}/pushes`, { token: world.admin, headers: { 'idempotency-key': key }, json }),
  missing: ({ key }) => buildOfKey(key),
}

/** Two small files, which are read by one order; and one that is published already. */
const pushMany: Action<{ key: string; json: object }> = {
  route: 'POST /api/v1/projects/:org/:project/pushes',
  name: 'of many files',
  prepare: async () => {
    const names = [word('first'), word('second')]
    const files = []
    for (const name of names) {
      const sha256 = await uploadText(world.admin, 'acme/held', `a package ${name}`)
      files.push({ fileName: `${name}_1_amd64.deb`, sha256, sizeBytes: `a package ${name}`.length })
    }
    return { key: word('a-key-of-many-'), json: { files } }
  },
  act: (ask, { key, json }) =>
    ask('POST', `${V1}${held}/pushes`, { token: world.admin, headers: { 'idempotency-key': key }, json }),
  missing: async ({ key }) => {
    const found = await rows<{ id: string; ended: number | null }>(
      'SELECT id, ended_at_ms AS ended FROM builds WHERE idempotency_key = ?',
      key,
    )
    const [made] = found
    if (found.length !== 1 || !made) return `there are ${found.length} builds`
    const jobs = await rows<{ state: string; batch: string | null; id: string }>(
      'SELECT id, state, batch FROM jobs WHERE build_id = ?',
      made.id,
    )
    const isTogether = jobs.every(({ state, batch }) => state === 'waiting' && batch === jobs[0]?.batch)
    if (jobs.length !== 2 || !isTogether || !jobs[0]?.batch) return `its jobs are ${JSON.stringify(jobs)}`
    const claimed = await rows("SELECT 1 FROM outbox WHERE kind = 'request' AND subject = ?", made.id)
    return claimed.length > 0 ? 'its request is to be swept' : undefined
  },
}

interface Bytes {
  readonly bytes: Uint8Array
  readonly sha256: string
}

const newBytes = async (): Promise<Bytes> => {
  const bytes = bytesOf(`bytes ${word('of')} a test`)
  return { bytes, sha256: await sha256Of(bytes) }
}

const isStored = async ({ sha256, bytes }: Bytes): Promise<string | undefined> => {
  if ((await rows('SELECT 1 FROM project_blobs WHERE sha256 = ?', sha256)).length === 0) return 'it is nobody’s'
  const object = await realEnv.BUCKET.get(objectKey.blob(sha256))
  return object && (await object.text()) === new TextDecoder().decode(bytes) ? undefined : 'its bytes are not there'
}

const putBlob: Action<Bytes> = {
  route: 'PUT /api/v1/projects/:org/:project/blobs/:sha256',
  prepare: newBytes,
  act: (ask, { sha256, bytes }) => ask('PUT', `${V1}${held}/blobs/${sha256}`, { token: world.admin, bytes }),
  missing: isStored,
}

/** Two blobs as one body: both are the project's, or neither. */
const putPack: Action<{ both: readonly Bytes[] }> = {
  route: 'PUT /api/v1/projects/:org/:project/blobs/packed',
  prepare: async () => ({ both: [await newBytes(), await newBytes()] }),
  act: (ask, { both }) =>
    ask('PUT', `${V1}${held}/blobs/packed`, {
      token: world.admin,
      bytes: joinPack(
        both.map(({ sha256, bytes }) => ({ sha256, sizeBytes: bytes.length })),
        both.map(({ bytes }) => bytes),
      ),
    }),
  missing: async ({ both }) => {
    const missing = await Promise.all(both.map(isStored))
    return missing.find((each) => each !== undefined)
  },
}

const uploadsOf = (sha256: string): string => `${held}/blobs/${sha256}/uploads`

const startUpload: Action<Bytes> = {
  route: 'POST /api/v1/projects/:org/:project/blobs/:sha256/uploads',
  prepare: newBytes,
  act: (ask, { sha256, bytes }) =>
    ask('POST', V1 + uploadsOf(sha256), { token: world.admin, json: { sizeBytes: bytes.length } }),
  missing: async ({ sha256 }) =>
    (await rows('SELECT 1 FROM uploads WHERE sha256 = ?', sha256)).length === 1 ? undefined : 'no upload is under way',
}

interface Upload extends Bytes {
  readonly uploadId: string
}

const started = async (): Promise<Upload> => {
  const bytes = await newBytes()
  const { uploadId } = await must('POST', uploadsOf(bytes.sha256), { json: { sizeBytes: bytes.bytes.length } })
  return { ...bytes, uploadId }
}

const putPart: Action<Upload> = {
  route: 'PUT /api/v1/projects/:org/:project/blobs/:sha256/uploads/:uploadId/parts/:part',
  prepare: started,
  act: (ask, { sha256, uploadId, bytes }) =>
    ask('PUT', `${V1}${uploadsOf(sha256)}/${uploadId}/parts/1`, { token: world.admin, bytes }),
  missing: async ({ uploadId }) =>
    (await rows('SELECT 1 FROM upload_parts WHERE upload_id = ?', uploadId)).length === 1
      ? undefined
      : 'it has no part',
}

const complete: Action<Upload> = {
  route: 'POST /api/v1/projects/:org/:project/blobs/:sha256/uploads/:uploadId/complete',
  prepare: async () => {
    const upload = await started()
    const path = `${uploadsOf(upload.sha256)}/${upload.uploadId}/parts/1`
    const { status } = await api('PUT', path, { token: world.admin, bytes: upload.bytes })
    if (status !== 200) throw new Error(`a part answered ${status}`)
    return upload
  },
  act: (ask, { sha256, uploadId }) =>
    ask('POST', `${V1}${uploadsOf(sha256)}/${uploadId}/complete`, { token: world.admin, json: {} }),
  missing: isStored,
}

export const contentActions = (): AnyAction[] => [
  yank,
  unyank,
  remove,
  createPackage,
  editPackage,
  addFile,
  buildPackage,
  build,
  promote,
  push,
  pushMany,
  putPack,
  putBlob,
  startUpload,
  putPart,
  complete,
]
