// Making the next generation of one repository: what D1 says is pending goes into the indexes of every format it
// touches, everything is stored and signed, and one write of the head shows it all to readers at once.
import { digestInPath } from '@distropack/core/contract/object-keys.ts'
import type { IndexFile, PublicKeys } from '@distropack/core/format.ts'
import type { Content } from '@distropack/core/model/content.ts'
import { FORMATS } from '@distropack/core/registry.ts'
import { and, eq, inArray, type SQL, sql } from 'drizzle-orm'
import type { Statement } from '../../db/insert-when.ts'
import { anyOf, chunksForJson } from '../../db/many-rows.ts'
import { artifacts, projects, publications } from '../../db/schema.ts'
import { describeKeys, type KeyRow, openSigner, publicKeysOf, readKeys } from '../../signing/keyring.ts'
import { joinPublicKeys } from '../../signing/openpgp-index.ts'
import { findProjectById, listAliases, type Project } from '../access/access.ts'
import { formatOf } from '../packages/entries.ts'
import { logEvent } from '../platform/log.ts'
import { type Platform, repositoryUrl } from '../platform/platform.ts'
import type { PreparedAudit } from '../platform/record.ts'
import { describeInstall } from '../projects/install.ts'
import { announcing } from './announce.ts'
import { renderFeed } from './feed.ts'
import { deletePathObjects, flipHead, writeDigestObjects, writePathObjects, writeTree } from './flip.ts'
import type { Change, IndexStore, Pointer } from './index-store.ts'
import { renderLandingJson, renderLandingPage } from './landing.ts'
import { allPathsOf, type NamedContent, type Pending, packagePaths } from './package-paths.ts'
import { readPending } from './pending.ts'
import type { PieceStore } from './pieces.ts'
import { DEFAULT_CHANNEL, isWithdrawing, planScopes } from './plan-scopes.ts'
import { editScope, type ScopeEdit, scopeName } from './scope.ts'
import { findUnfit, leaveOut } from './unfit.ts'

export interface Publishing {
  readonly platform: Platform
  readonly projectId: string
  readonly store: IndexStore
  readonly pieces: PieceStore
}

interface Mark {
  readonly from: 'pending' | 'withdrawing'
  readonly set: { readonly state: 'published' | 'withdrawn'; readonly generation?: SQL }
}

/** Compare-and-set: what was taken back or offered again meanwhile waits for the next generation. */
const marking = ({ db }: Platform, pending: readonly Pending[], { from, set }: Mark): Statement[] =>
  [...Map.groupBy(pending, keyOfMark).values()].flatMap((alike) =>
    chunksForJson(alike.map(({ artifact }) => artifact.id)).map((ids) => {
      const { channel } = alike[0]!.publication
      const mine = and(
        eq(publications.channel, channel),
        // Found by their artifacts: an index over states would show all that waits on the platform.
        sql`+${publications.state} = ${from}`,
        inArray(publications.artifactId, anyOf(ids)),
        // One that was deleted while it was only being yanked has still to go from its addresses.
        from === 'withdrawing' && alike[0]!.artifact.deletedAtMs === null ? notDeleted : undefined,
      )
      return db.update(publications).set(set).where(mine)
    }),
  )

const keyOfMark = ({ publication, artifact }: Pending): string =>
  `${publication.channel} ${artifact.deletedAtMs === null}`

const notDeleted = sql`not exists (
  select 1 from ${artifacts} where ${artifacts.id} = ${publications.artifactId} and ${artifacts.deletedAtMs} is not null
)`

/** One that is offered again keeps the first generation that offered it. */
const firstOf = (generation: number): SQL => sql`coalesce(${publications.generation}, ${generation})`

/** Of what left the indexes: a deleted one's addresses go, a yanked one stays at its exact address alone. */
const takeBack = async ({ platform, projectId, store }: Publishing, each: Pending): Promise<void> => {
  const { artifact, publication } = each
  if (artifact.deletedAtMs === null) {
    const content = { ...artifact.content, isWithdrawn: true as const }
    const { companions } = artifact
    return writePathObjects(platform.bucket, projectId, [{ path: publication.path, content, companions }])
  }
  const scope = scopeName(formatOf(artifact.format), publication.channel)
  const paths = await allPathsOf(platform, each, [...store.streams(scope).keys()])
  await deletePathObjects(platform.bucket, projectId, paths)
}

const finish = async (
  publishing: Publishing,
  pending: readonly Pending[],
  { generation, announced }: { readonly generation: number; readonly announced: readonly PreparedAudit[] },
): Promise<void> => {
  const { platform } = publishing
  const added = pending.filter((each) => !isWithdrawing(each))
  const gone = pending.filter(isWithdrawing)
  // Gone from the store before D1 calls them withdrawn: until then the next attempt comes back to them.
  for (const each of gone) await takeBack(publishing, each)
  const set = { state: 'published', generation: firstOf(generation) } as const
  const marks = [
    ...marking(platform, added, { from: 'pending', set }),
    ...marking(platform, gone, { from: 'withdrawing', set: { state: 'withdrawn' } }),
  ]
  // Published and told of in one batch, or neither.
  const statements = [...announced.flatMap((audited) => audited.statements), ...marks]
  const [first, ...rest] = statements
  if (first) await platform.db.batch([first, ...rest])
  for (const audited of announced) await audited.tell()
}

const pointerFile = async (
  { pieces }: Publishing,
  path: string,
  bytes: Uint8Array,
  mediaType: string,
): Promise<IndexFile> => {
  const sha256 = Buffer.from(await crypto.subtle.digest('SHA-256', bytes as BufferSource)).toString('hex')
  return {
    path,
    lifetime: 'pointer',
    content: { sha256, sizeBytes: bytes.length, mediaType, parts: [await pieces.store(bytes)] },
  }
}

/** Files at the repository's base: the page for people, and the keys under the names clients want. */
const baseFiles = async (
  publishing: Publishing,
  project: Project,
  keys: PublicKeys,
  generation: number,
): Promise<IndexFile[]> => {
  const { platform } = publishing
  const install = await describeInstall(platform, project, DEFAULT_CHANNEL)
  const facts = {
    organization: project.organization,
    project: project.slug,
    baseUrl: repositoryUrl(platform.env, project.organization, project.slug),
    generation,
    instructions: install.instructions,
    keys,
  }
  const file = (path: string, bytes: Uint8Array, mediaType: string) => pointerFile(publishing, path, bytes, mediaType)
  const keyFiles = FORMATS.flatMap((format) => format.repository.keyFiles?.(keys) ?? [])
  const openpgp = await joinPublicKeys(keys.openpgp.map(({ publicKey }) => publicKey))
  return Promise.all([
    file('index.html', await renderLandingPage(facts), 'text/html; charset=utf-8'),
    file('index.json', renderLandingJson(facts), 'application/json'),
    file('feed.atom', await renderFeed(platform, project), 'application/atom+xml'),
    file('key.asc', new TextEncoder().encode(openpgp.armored), 'application/pgp-keys'),
    file('key.gpg', openpgp.binary, 'application/pgp-keys'),
    ...keyFiles.map(({ path, bytes, mediaType }) => file(path, bytes, mediaType)),
  ])
}

const pointerOf = ({ content, pin, packagePath }: IndexFile): Pointer => ({
  ...content,
  ...(pin ? { pin } : {}),
  ...(packagePath === undefined ? {} : { packagePath }),
})

/** The scope of what stands at the repository's base. */
const BASE = 'base'

const scopeOfEdit = ({ format, address }: ScopeEdit): string => scopeName(format, address.channel)

/** New pointers replace a scope's old ones as a whole. */
const replacePointers = (scope: string, files: readonly IndexFile[]): Change => {
  const rows = files.filter(({ lifetime }) => lifetime === 'pointer')
  return (sql) => {
    sql.exec('DELETE FROM pointers WHERE scope = ?', scope)
    for (const file of rows) {
      sql.exec('INSERT OR REPLACE INTO pointers VALUES (?, ?, ?)', file.path, scope, JSON.stringify(pointerOf(file)))
    }
  }
}

/** Everything the generation names, before anything names it. */
const storeFiles = async (
  { platform, projectId, store }: Publishing,
  files: readonly IndexFile[],
  packages: readonly NamedContent[],
): Promise<void> => {
  const before = new Set([...store.pointers().values()].map(({ sha256 }) => sha256))
  const contents = files.filter(({ lifetime }) => lifetime === 'content')
  const hashed = new Map<string, Content>()
  const named: NamedContent[] = [...packages]
  for (const { path, content } of contents) {
    if (digestInPath(path) !== content.sha256) named.push({ path, content })
    else if (!before.has(content.sha256)) hashed.set(content.sha256, content)
  }
  await writeDigestObjects(platform.bucket, projectId, [...hashed.values()])
  await writePathObjects(platform.bucket, projectId, named)
}

/** Shows the committed generation to readers; also what is left to do after a crash right before it. */
const flip = async ({ platform, projectId, store }: Publishing, project: Project): Promise<void> => {
  const generation = store.generation()
  const { access, organization, slug } = project
  // Also when it was closed, opened or moved since: the head says who may read, and stands at the project's name.
  const shown = `${generation} ${access} ${organization}/${slug}`
  if (generation === 0) return
  if (store.meta('flipped') !== shown) {
    const flippedAtMs = platform.nowMs()
    const names = [{ organization, slug }, ...(await listAliases(platform, projectId))]
    const owner = { organization, project: slug }
    await flipHead(platform.bucket, names, { repositoryId: projectId, generation, access, owner, flippedAtMs })
    store.setMeta('flipped', shown)
    store.setMeta('flippedAtMs', String(flippedAtMs))
  }
  // By itself and not with the flip: whoever broke off between the two comes back here.
  if (project.generation !== generation)
    await platform.db.update(projects).set({ generation }).where(eq(projects.id, projectId))
}

/** What of the project itself a generation shows: one that differs is another generation, with nothing new in it. */
const shownFacts = ({ access, organization, slug, madeAs }: Project, keys: readonly KeyRow[]) => ({
  keys: describeKeys(keys),
  names: JSON.stringify([organization, slug, madeAs]),
  access,
})

interface Planned {
  readonly project: Project
  readonly keys: readonly KeyRow[]
  readonly edits: readonly ScopeEdit[]
  readonly pending: readonly Pending[]
}

const makeGeneration = async (publishing: Publishing, planned: Planned): Promise<number> => {
  const { platform, projectId, store, pieces } = publishing
  const { project, keys, edits, pending } = planned
  const vault = await platform.vault()
  if (!vault.ok) throw new Error(vault.error.message)
  const signer = await openSigner(platform.db, vault.value, projectId)
  if (!signer.ok) throw new Error(signer.error.message)
  const generation = store.generation() + 1
  const nowMs = Math.max(platform.nowMs(), Number(store.meta('flippedAtMs') ?? 0))
  const tools = { store, pieces, signer: signer.value, nowSeconds: Math.floor(nowMs / 1000), generation }
  const files: IndexFile[] = []
  const packages: NamedContent[] = []
  const changes: Change[] = []
  // What a scope had is gone with its new files: a pointer that it makes no more must not stay in the tree.
  const pointers = new Map(store.pointers([...edits.map(scopeOfEdit), BASE]))
  for (const edit of edits) {
    const scope = scopeOfEdit(edit)
    const result = await editScope(edit, tools)
    // One by one: a stack holds the arguments of some ten thousand rows, and not of more.
    for (const file of result.files) files.push(file)
    for (const file of await packagePaths(platform, { edit, result, pending })) packages.push(file)
    for (const change of result.changes) changes.push(change)
    changes.push(replacePointers(scope, result.files))
  }
  const base = await baseFiles(publishing, project, publicKeysOf(keys), generation)
  changes.push(replacePointers(BASE, base))
  for (const file of [...files, ...base]) if (file.lifetime === 'pointer') pointers.set(file.path, pointerOf(file))
  await storeFiles(publishing, files, packages)
  await writeTree(platform.bucket, projectId, generation, Object.fromEntries(pointers), nowMs)
  changes.push((sql) => sql.exec('INSERT OR REPLACE INTO meta VALUES (?, ?)', 'generation', String(generation)))
  for (const [name, shown] of Object.entries(shownFacts(project, keys))) {
    changes.push((sql) => sql.exec('INSERT OR REPLACE INTO meta VALUES (?, ?)', name, shown))
  }
  store.commit(changes)
  return generation
}

const REBUILDING = 'rebuilding'

/** Makes every index anew from D1, in as many steps as it takes; readers see the outcome and none of the steps. */
export const beginRebuild = async ({ platform, projectId, store }: Publishing): Promise<void> => {
  const offered = and(eq(publications.projectId, projectId), eq(publications.state, 'published'))
  // First: an index that was forgotten while D1 calls its rows published would be made anew without them.
  await platform.db.update(publications).set({ state: 'pending' }).where(offered)
  store.setMeta(REBUILDING, 'yes')
  store.forget()
}

/** Publishes what is pending, or the oldest of it. May be called any number of times. */
export const publishPending = async (publishing: Publishing): Promise<{ hasMore: boolean }> => {
  const { platform, projectId } = publishing
  const project = await findProjectById(platform, projectId)
  if (!project) return { hasMore: false }
  const { store } = publishing
  // Of such a pointer nobody can say whether it is of a package that is still offered: made anew, each says so.
  if (store.meta(REBUILDING) !== 'yes' && store.hasNamelessPointers()) await beginRebuild(publishing)
  const isRebuilding = store.meta(REBUILDING) === 'yes'
  if (!isRebuilding) await flip(publishing, project)
  const found = await readPending(platform, projectId)
  const { hasMore } = found
  const unfit = isRebuilding ? await findUnfit(platform, found.pending) : []
  for (const each of unfit) await leaveOut(platform, project, each)
  const pending = found.pending.filter(({ artifact }) => !unfit.some((each) => each.artifact.id === artifact.id))
  const keys = await readKeys(platform.db, projectId)
  const shown = shownFacts(project, keys)
  // Keys and names that changed since change every index, and nothing else of it. Access changes the base alone.
  const isAnew = store.meta('keys') !== shown.keys || store.meta('names') !== shown.names
  const edits = await planScopes(platform, { project, pending, scopes: store.scopes(), isAnew })
  const isAsShown = edits.length === 0 && unfit.length === 0 && store.meta('access') === shown.access
  if (isAsShown) return { hasMore: false }
  const startedAtMs = platform.nowMs()
  const generation = await makeGeneration(publishing, { project, keys, edits, pending })
  // Half a rebuilt repository is shown to nobody: readers stay with the last whole one.
  if (!(isRebuilding && hasMore)) {
    if (isRebuilding) store.setMeta(REBUILDING, 'no')
    await flip(publishing, project)
  }
  const announced = isRebuilding ? [] : await announcing(platform, project, { generation, pending })
  await finish(publishing, pending, { generation, announced })
  const tookMs = platform.nowMs() - startedAtMs
  logEvent('generation.flipped', { projectId, generation, files: pending.length, scopes: edits.length, tookMs })
  return { hasMore }
}
