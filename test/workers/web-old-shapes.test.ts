// Repositories as earlier versions left them: addresses of a newest version that nobody dropped, and entries that no check
// had looked at. The next publish, or a reindex, makes them as they are made now.
import { runInDurableObject } from 'cloudflare:test'
import { objectKey } from '@distropack/core/contract/objects.ts'
import { findFormat } from '@distropack/core/registry.ts'
import { beforeAll, describe, expect, it } from 'vitest'
import { keepArtifact, offerInChannel } from '../../workers/web/services/packages/artifacts.ts'
import { openPlatform } from '../../workers/web/services/platform/platform.ts'
import { putBlobBytes } from '../../workers/web/storage/blobs.ts'
import { latestOf, newArtifact, offer, published } from './fault-actions/contents.ts'
import {
  afterPublishing,
  must,
  OPERATOR,
  one,
  openWorld,
  projectId,
  publisherStub,
  realEnv,
  rows,
  statusAt,
  word,
} from './fault-actions/fixture.ts'
import { api, sha256Of } from './web-fixture.ts'

beforeAll(openWorld)

const publish = async (): Promise<void> => {
  const id = await projectId('tool')
  await publisherStub(id).publish(id)
}
const reindex = () => must('POST', '/operator/projects/acme/tool/reindex', { token: OPERATOR })

/** Until it looks so; what is missing otherwise. */
const until = async (look: () => Promise<boolean>, what: string): Promise<string | undefined> =>
  afterPublishing([await projectId('tool')], async () => ((await look()) ? undefined : what))

type Files = Record<string, { readonly packagePath?: string }>

/** The newest tree and the publisher's table as they were before: pointers say no package, and one is left of a deleted one. */
const makeOld = async (leftover: string): Promise<number> => {
  const id = await projectId('tool')
  const generation = await publisherStub(id).generation()
  const key = objectKey.tree(id, generation)
  const tree = (await (await realEnv.BUCKET.get(key))!.json()) as { files: Files }
  const plain = ({ packagePath: _, ...pointer }: Files[string]) => pointer
  const some = Object.entries(tree.files).find(([path]) => path.startsWith('files/stable/latest/'))![1]
  const files = Object.entries({ ...tree.files, [leftover]: some }).map(([path, file]) => [path, plain(file)] as const)
  await realEnv.BUCKET.put(key, JSON.stringify({ ...tree, files: Object.fromEntries(files) }))
  await runInDurableObject(publisherStub(id) as never, async (_, { storage }: DurableObjectState) => {
    for (const [path, file] of files) {
      if (!path.includes('/latest/')) continue
      const scope = path.split('/').slice(0, 2).join('/')
      storage.sql.exec('INSERT OR REPLACE INTO pointers VALUES (?, ?, ?)', path, scope, JSON.stringify(file))
    }
  })
  return generation
}

describe('an address of a newest version that nobody dropped', () => {
  it.each(['the next publish', 'a reindex'])('is gone with %s, in all channels and generations', async (by) => {
    const kept = await published()
    const [stable, beta] = ['stable', 'beta'].map(
      (channel) => `files/${channel}/latest/${word('gone')}-linux-amd64.tar.gz`,
    )
    await makeOld(stable!)
    const generation = await makeOld(beta!)
    const status = (path: string) => statusAt(`acme/tool/${path}`)
    if (by === 'a reindex') await reindex()
    else {
      await offer(await newArtifact())
      await publish()
    }
    const id = await projectId('tool')
    const isOver = async () => (await publisherStub(id).generation()) > generation && (await status(stable!)) === 404
    expect(await until(isOver, 'it is still there')).toBeUndefined()
    for (const path of [stable, beta]) {
      expect([path, await status(path!)]).toEqual([path, 404])
      expect([path, await status(`@${generation}/${path}`)]).toEqual([path, 404])
    }
    // What is still offered has its address, which says whose it is.
    expect(await status(latestOf(kept))).toBe(200)
    const tree = await realEnv.BUCKET.get(objectKey.tree(id, await publisherStub(id).generation()))
    const { files } = (await tree!.json()) as { files: Files }
    const pointers = Object.entries(files).filter(([path]) => /^files\/[^/]+\/latest\//.test(path))
    expect(pointers.length).toBeGreaterThan(0)
    expect(pointers.filter(([, { packagePath }]) => packagePath === undefined)).toEqual([])
  })
})

/** An .apk of the project whose entry says this of its dependencies, as `inspect` let it pass then. */
const oldApk = async (depend: string) => {
  const name = word('old')
  const platform = openPlatform(realEnv)
  const unsigned = await putBlobBytes(platform.bucket, new TextEncoder().encode(name))
  const entry = {
    ...{ format: 'apk', name, version: '1.0-r0', arch: 'x86_64', summary: 'x', fileName: `${name}_1.0-r0_x86_64.apk` },
    ...{ ...unsigned, installedSizeBytes: 0, paths: [] },
    pkginfo: [['depend', depend]],
    ...{ controlSha1: '0'.repeat(40), controlOffset: 0, controlSizeBytes: 1 },
  }
  const project = await projectId('tool')
  const kept = await keepArtifact(platform, {
    ...{ projectId: project, format: findFormat('apk')!, unsigned, entry: entry as never, warnings: [] },
    inputSha256: await sha256Of(new TextEncoder().encode(name)),
    attest: async () => ({}),
  })
  if (!kept.ok) throw new Error(kept.error.message)
  const path = `alpine/stable/x86_64/${name}-1.0-r0.apk`
  const offered = await offerInChannel(platform, {
    projectId: project,
    channel: 'stable',
    artifactId: kept.value.id,
    path,
  })
  if (!offered.ok) throw new Error(offered.error.message)
  return { id: kept.value.id, name, path }
}

describe('an entry of before a check', () => {
  const stateOf = async (id: string): Promise<string> =>
    (await one<{ state: string }>('SELECT state FROM publications WHERE artifact_id = ?', id)).state
  const isIndexed = async (name: string): Promise<boolean> => {
    const answer = await realEnv.BUCKET.get(
      objectKey.tree(await projectId('tool'), await publisherStub(await projectId('tool')).generation()),
    )
    return JSON.stringify(await answer!.json()).includes(name)
  }

  it.each([
    ['longer than any client reads', 'a '.repeat(70_000).trim(), /bytes; .* are allowed/],
    ['that apk cannot read', 'foo (>= 1)', /apk cannot read/],
  ])('%s is left out by a reindex, with a notice, and does not come back', async (_what, depend, reason) => {
    const old = await oldApk(depend)
    const good = await oldApk('musl')
    await publish()
    expect(await until(async () => (await stateOf(good.id)) === 'published', 'late')).toBeUndefined()
    await reindex()
    const isDone = async () => (await stateOf(old.id)) === 'withdrawn' && (await stateOf(good.id)) === 'published'
    expect(await until(isDone, 'not left out')).toBeUndefined()
    const [noted] = await rows<{ after: string }>(
      "SELECT after FROM audit_entries WHERE action = 'artifact.yanked' AND subject = ?",
      `${old.name}_1.0-r0_x86_64.apk`,
    )
    expect(JSON.parse(noted!.after)).toMatchObject({ channel: 'stable', reason: expect.stringMatching(reason) })
    // Who names it itself still gets it.
    expect(await statusAt(`acme/tool/${old.path}`)).toBe(200)
    expect(await isIndexed(old.name)).toBe(false)
    const back = await api('POST', `/projects/acme/tool/artifacts/${old.id}/unyank`, { token: OPERATOR, json: {} })
    expect([back.status, back.body.error.message]).toEqual([422, expect.stringMatching(reason)])
  })
})
