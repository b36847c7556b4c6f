// What the platform does on its own account: a job of the queue, a generation, the sweep; and what an operator replays.
import { createMessageBatch, runInDurableObject } from 'cloudflare:test'
import type { InspectManyOrder, Order } from '@distropack/core/contract/packager.ts'
import type { Env } from '../../../workers/web/env.ts'
import { openPlatform } from '../../../workers/web/services/platform/platform.ts'
import { sweep } from '../../../workers/web/services/platform/sweep.ts'
import { openIndexStore } from '../../../workers/web/services/repositories/index-store.ts'
import { openPieceStore } from '../../../workers/web/services/repositories/pieces.ts'
import { publishPending } from '../../../workers/web/services/repositories/publish.ts'
import worker from '../../../workers/web/worker.ts'
import { OPERATOR, sha256Of, uploadText } from '../web-fixture.ts'
import { type Action, type AnyAction, type Ask, DONE } from './action.ts'
import { exactOf, type Kept, latestOf, newArtifact, offer } from './contents.ts'
import {
  afterPublishing,
  holdPublisher,
  isWoken,
  must,
  one,
  opensHidden,
  projectId,
  publisherStub,
  read,
  realEnv,
  rows,
  run,
  statusAt,
  word,
  world,
} from './fixture.ts'

const V1 = '/api/v1'
const at = '/projects/acme/held'

/** It reads their packs and takes each for an archive; what is called broken is. */
const answerMany = async (
  { packsUrl, packs, files, token }: InspectManyOrder,
  ask: Ask,
  put: (text: string) => Promise<{ sha256: string; sizeBytes: number }>,
): Promise<Response> => {
  for (const number of packs.keys()) {
    const { status } = await ask('GET', `${new URL(packsUrl).pathname}/${number}`, { token })
    if (status !== 200) throw new Error(`a pack answered ${status}`)
  }
  const lines = files.map(({ fileName, file }) => {
    if (fileName.startsWith('broken')) return { fileName, faults: [{ code: 'package_corrupt', message: 'broken' }] }
    const name = fileName.replace('-1.0.0-linux-amd64.tar.gz', '')
    const words = { format: 'tar.gz', name, version: '1.0.0', arch: 'amd64', os: 'linux', summary: 'x', fileName }
    return { fileName, entry: { ...words, ...file, installedSizeBytes: 0, paths: [] } }
  })
  const results = await put(lines.map((line) => `${JSON.stringify(line)}\n`).join(''))
  return new Response(`${JSON.stringify({ type: 'inspected', results })}\n`)
}

/** A packager in the container's place: it stores what it made with its job's token, through the same bindings. */
const packagerOver = (ask: Ask) => ({
  idFromName: (name: string) => name,
  get: () => ({
    fetch: async (request: Request): Promise<Response> => {
      const order = (await request.json()) as Order
      if (order.kind === 'inspect') throw new Error('this packager builds, and reads many')
      const put = async (text: string) => {
        const bytes = new TextEncoder().encode(text)
        const sha256 = await sha256Of(bytes)
        const path = `${new URL(order.blobsUrl).pathname}/${sha256}`
        const { status } = await ask('PUT', path, { token: order.token, bytes })
        if (status !== 200) throw new Error(`the platform answered ${status}`)
        return { sha256, sizeBytes: bytes.length }
      }
      if (order.kind === 'inspect-many') return answerMany(order, ask, put)
      const name = /^name: (.*)$/m.exec(order.manifest)?.[1] ?? ''
      const artifact = await put(`the bytes of ${name}`)
      const fileName = `${name}-1.0.0-linux-amd64.tar.gz`
      const words = { format: 'tar.gz', name, version: '1.0.0', arch: 'amd64', os: 'linux', summary: 'x', fileName }
      const entry = await put(JSON.stringify({ ...words, ...artifact, installedSizeBytes: 0, paths: [] }))
      const events = [
        { type: 'log', atMs: 1, line: `building ${name}` },
        { type: 'done', artifact, entry },
      ]
      return new Response(events.map((event) => `${JSON.stringify(event)}\n`).join(''))
    },
  }),
})

interface Job extends Kept {
  readonly jobId: string
  readonly buildId: string
}

const MANIFEST = (name: string): string => `name: ${name}
arch: amd64
version: 1.0.0
maintainer: A Person <a@example.com>
description: A tool
contents:
  - { src: ./source, dst: /usr/share/tool/source }
`

const newJob = async (): Promise<Job> => {
  await holdPublisher(await projectId('held'))
  const name = word('job')
  const sha256 = await uploadText(world.admin, 'acme/held', 'the source')
  const source = { path: 'source', kind: 'file', mode: 0o644, mtimeSeconds: 1, sizeBytes: 'the source'.length, sha256 }
  const json = { manifest: MANIFEST(name), sources: [source], targets: ['tar.gz/amd64'] }
  const { id, jobs } = await must('POST', `${at}/builds`, { json })
  return { id: '', name, fileName: `${name}-1.0.0-linux-amd64.tar.gz`, jobId: jobs[0].id, buildId: id }
}

/** As the queue brings it; a claim that died is taken over, as it is once its lease is over. */
const deliver = async (jobId: string, env: Env): Promise<void> => {
  const message = { id: jobId, timestamp: new Date(), attempts: 1, body: { jobId } }
  await worker.queue(createMessageBatch('distropack-jobs', [message]), env)
}

const withPackager = (env: Env, ask: Ask): Env =>
  new Proxy(env, {
    get: (bindings, name) => {
      if (name === 'PACKAGERS') return packagerOver(ask)
      return name === 'PACKAGER_URL' ? '' : (Reflect.get(bindings, name) as unknown)
    },
  })

const job: Action<Job> = {
  route: 'queue distropack-jobs',
  failures: ['after', 'crash'],
  prepare: newJob,
  act: async (ask, { jobId }, env) => {
    await run('UPDATE jobs SET lease_until_ms = 0 WHERE id = ?', jobId)
    await deliver(jobId, withPackager(env, ask))
    const { state } = await one<{ state: string }>('SELECT state FROM jobs WHERE id = ?', jobId)
    return state === 'built' ? DONE : { ...DONE, status: 500, body: state }
  },
  missing: async (subject) => {
    const offers = await rows(
      "SELECT 1 FROM publications p JOIN artifacts a ON a.id = p.artifact_id WHERE a.name = ? AND p.state = 'pending'",
      subject.name,
    )
    if (offers.length !== 1) return `it is offered ${offers.length} times`
    if (!(await isWoken(await projectId('held')))) return 'nobody publishes it'
    const { ended } = await one<{ ended: number | null }>(
      'SELECT ended_at_ms AS ended FROM builds WHERE id = ?',
      subject.buildId,
    )
    if (ended === null) return 'the build’s end is not noted'
    const told = await rows(
      "SELECT 1 FROM audit_entries WHERE action = 'build.finished' AND subject = ?",
      subject.buildId,
    )
    return told.length === 1 ? undefined : `its end was written down ${told.length} times`
  },
}

interface Batch {
  readonly batchId: string
  readonly buildId: string
  readonly names: readonly string[]
}

/** Three small files, of which one is broken. */
const batch: Action<Batch> = {
  route: 'queue distropack-jobs',
  name: 'of many files',
  failures: ['after', 'crash'],
  prepare: async () => {
    await holdPublisher(await projectId('held'))
    const names = [word('one-of-many'), word('two-of-many'), word('broken-of-many')]
    const files = []
    for (const name of names) {
      const sha256 = await uploadText(world.admin, 'acme/held', `the bytes of ${name}`)
      files.push({ fileName: `${name}-1.0.0-linux-amd64.tar.gz`, sha256, sizeBytes: `the bytes of ${name}`.length })
    }
    const { id } = await must('POST', `${at}/pushes`, { json: { files } })
    const { batch: batchId } = await one<{ batch: string }>('SELECT batch FROM jobs WHERE build_id = ? LIMIT 1', id)
    return { batchId, buildId: id, names }
  },
  act: async (ask, { batchId, buildId }, env) => {
    await run('UPDATE jobs SET lease_until_ms = 0 WHERE build_id = ?', buildId)
    await deliver(batchId, withPackager(env, ask))
    const left = await rows("SELECT 1 FROM jobs WHERE build_id = ? AND state IN ('waiting', 'building')", buildId)
    return left.length === 0 ? DONE : { ...DONE, status: 500, body: `${left.length} are left` }
  },
  missing: async ({ buildId, names }) => {
    const jobs = await rows<{ target: string; state: string; faults: string }>(
      'SELECT target, state, faults FROM jobs WHERE build_id = ? ORDER BY created_at_ms, id',
      buildId,
    )
    const states = new Map(jobs.map(({ target, state }) => [target.replace('-1.0.0-linux-amd64.tar.gz', ''), state]))
    if (names.map((name) => states.get(name)).join() !== 'built,built,failed') return JSON.stringify(jobs)
    const offers = await rows(
      "SELECT 1 FROM publications p JOIN artifacts a ON a.id = p.artifact_id WHERE a.name IN (?, ?, ?) AND p.state = 'pending'",
      ...names,
    )
    if (offers.length !== 2) return `${offers.length} are offered`
    if (!(await isWoken(await projectId('held')))) return 'nobody publishes it'
    const told = await rows("SELECT 1 FROM audit_entries WHERE action = 'build.failed' AND subject = ?", buildId)
    return told.length === 1 ? undefined : `its end was written down ${told.length} times`
  },
}

const publishWith = async (env: Env): Promise<void> => {
  const id = await projectId('tool')
  await runInDurableObject(publisherStub(id) as never, async (_, state: DurableObjectState) => {
    // Nobody else at the same time: in the platform only its alarm publishes.
    await state.storage.deleteAlarm()
    const tools = { store: openIndexStore(state.storage), pieces: openPieceStore(env.BUCKET) }
    await publishPending({ platform: openPlatform(env), projectId: id, ...tools })
  })
}

const generation: Action<Kept> = {
  route: 'alarm of a publisher',
  failures: ['after', 'crash'],
  prepare: async () => {
    const kept = await newArtifact()
    await offer(kept)
    return kept
  },
  act: async (_ask, _subject, env) => {
    await publishWith(env)
    return DONE
  },
  missing: async (subject) => {
    const { state } = await one<{ state: string }>('SELECT state FROM publications WHERE artifact_id = ?', subject.id)
    if (state !== 'published') return `it is ${state}`
    for (const path of [exactOf(subject), latestOf(subject)]) {
      const status = await statusAt(`acme/tool/${path}`)
      if (status !== 200) return `${path} answers ${status}`
    }
    const sums = await read('acme/tool/files/stable/SHA256SUMS')
    return String(sums.body).includes(subject.fileName) ? undefined : 'the checksums do not name it'
  },
}

/** A revocation whose grant was left, a project nobody was told of, an upload of yesterday: all in one sweep. */
const cron: Action<{ secret: string; uploadId: string }> = {
  route: 'schedule',
  prepare: async () => {
    const json = { name: 'x', scopes: ['read'] }
    const { id, secret } = await must('POST', '/organizations/acme/tokens', { json })
    const { sha } = await one<{ sha: string }>('SELECT secret_sha256 AS sha FROM api_tokens WHERE id = ?', id)
    await run('UPDATE api_tokens SET revoked_at_ms = 1 WHERE id = ?', id)
    await run("INSERT INTO outbox VALUES (?, 'grant', ?, 0, 0, NULL, 0)", word('out'), sha)
    const sha256 = await sha256Of(new TextEncoder().encode(word('stale')))
    const { uploadId } = await must('POST', `${at}/blobs/${sha256}/uploads`, { json: { sizeBytes: 5 } })
    await run('UPDATE uploads SET created_at_ms = 1 WHERE id = ?', uploadId)
    return { secret, uploadId }
  },
  act: async (_ask, _subject, env) => {
    await sweep(openPlatform(env))
    return DONE
  },
  missing: async ({ secret, uploadId }) => {
    if (await opensHidden(secret)) return 'the revoked token reads'
    return (await rows('SELECT 1 FROM uploads WHERE id = ?', uploadId)).length > 0
      ? 'the upload is still there'
      : undefined
  },
}

const replay: Action<Job> = {
  route: 'POST /api/v1/operator/dead-letters/:jobId/replay',
  prepare: async () => {
    const made = await newJob()
    await run("UPDATE jobs SET state = 'dead' WHERE id = ?", made.jobId)
    await run('UPDATE builds SET ended_at_ms = 1 WHERE id = ?', made.buildId)
    return made
  },
  act: (ask, { jobId }) => ask('POST', `${V1}/operator/dead-letters/${jobId}/replay`, { token: OPERATOR }),
  missing: async ({ jobId, buildId }) => {
    const { state } = await one<{ state: string }>('SELECT state FROM jobs WHERE id = ?', jobId)
    const { ended } = await one<{ ended: number | null }>(
      'SELECT ended_at_ms AS ended FROM builds WHERE id = ?',
      buildId,
    )
    if (state !== 'waiting') return `the job is ${state}`
    return ended === null ? undefined : 'the build counts as over'
  },
}

const reindex: Action<Kept> = {
  route: 'POST /api/v1/operator/projects/:org/:project/reindex',
  prepare: async () => {
    const kept = await newArtifact()
    await offer(kept)
    await publishWith(realEnv)
    return kept
  },
  act: (ask) => ask('POST', `${V1}/operator/projects/acme/tool/reindex`, { token: OPERATOR }),
  missing: async (subject) => afterPublishing([await projectId('tool')], () => generation.missing(subject, undefined)),
}

export const workActions = (): AnyAction[] => [job, batch, generation, cron, replay, reindex]
