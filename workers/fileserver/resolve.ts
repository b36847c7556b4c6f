// From an address to a recipe: head -> generation -> file. No path is at home in two of the three places (the
// generation's own files, files that name their sha256, files that never change), so each is looked for where it likely
// stands first: a package or an index by hash costs its head, its recipe and its bytes, however cold all is.
import { digestInPath, isLatest, isLikePackage, splitPackagePath } from '@distropack/core/contract/object-keys.ts'
import type { Head, TreeFile } from '@distropack/core/contract/objects.ts'
import type { Content } from '@distropack/core/model/content.ts'
import type { Address, Pin } from './address.ts'
import { readContentOfDigest, readContentOfPath, readGenerationOfDay, readTree } from './store.ts'

export interface Found {
  readonly content: Content
  /** `pointer`: other bytes may stand here a second later. */
  readonly lifetime: 'pointer' | 'immutable'
  /** When this pointer took its value. */
  readonly modifiedAtMs?: number
  /** The page chosen by Accept. */
  readonly varies?: true
}

export type Resolution = Found | { readonly redirectTo: string }

interface View {
  readonly generation: number
  readonly lifetime: 'pointer' | 'immutable'
  readonly modifiedAtMs?: number
}

const viewOf = async (bucket: R2Bucket, head: Head, pin: Pin | undefined, nowMs: number): Promise<View | undefined> => {
  if (!pin) return { generation: head.generation, lifetime: 'pointer', modifiedAtMs: head.flippedAtMs }
  if ('generation' in pin) {
    return pin.generation > 0 && pin.generation <= head.generation
      ? { generation: pin.generation, lifetime: 'immutable' }
      : undefined
  }
  const generation = await readGenerationOfDay(bucket, head.repositoryId, pin.day)
  if (generation === undefined) return undefined
  // The day is written just before the head flips; until then its newest state is what the head says.
  if (generation > head.generation) return { generation: head.generation, lifetime: 'pointer' }
  // Today may see another generation, and so may a day to come.
  const isOver = pin.day < new Date(nowMs).toISOString().slice(0, 10)
  return { generation, lifetime: isOver ? 'immutable' : 'pointer' }
}

/** The repository itself is a page of its tree: HTML for people, JSON for programs. */
const pageNames = (accept: string): readonly string[] => {
  const wantsJson = accept.includes('application/json') && !accept.includes('text/html')
  return wantsJson ? ['index.json', 'index.html'] : ['index.html', 'index.json']
}

const ownFile = (files: Readonly<Record<string, TreeFile>>, path: string): TreeFile | undefined =>
  // Paths are a stranger's words: `constructor` must not find what every object has.
  Object.hasOwn(files, path) ? files[path] : undefined

/**
 * A generation stays as it was, but for the bytes of a package that was deleted since, or yanked: an address that is not
 * the package's own shows them no more.
 */
const isTakenBack = async (
  bucket: R2Bucket,
  head: Head,
  { file, path, generation }: { readonly file: TreeFile; readonly path: string; readonly generation: number },
): Promise<boolean> => {
  // Which package such an address shows was not kept once: in a generation that is over it may be one taken back since.
  if (file.packagePath === undefined) return generation < head.generation && isLatest(path)
  const own = await readContentOfPath(bucket, head.repositoryId, file.packagePath)
  return !own || own.isWithdrawn === true
}

/** A package, or what stands in its recipe to be served beside it; releases of before gave that a recipe of its own. */
const readPackage = async (bucket: R2Bucket, repositoryId: string, path: string): Promise<Content | undefined> => {
  const { own, ending } = splitPackagePath(path)
  if (ending === '') return readContentOfPath(bucket, repositoryId, path)
  const { companions = {} } = (await readContentOfPath(bucket, repositoryId, own)) ?? {}
  return Object.hasOwn(companions, ending) ? companions[ending] : readContentOfPath(bucket, repositoryId, path)
}

export const resolve = async (
  bucket: R2Bucket,
  head: Head,
  address: Address,
  accept: string,
): Promise<Resolution | undefined> => {
  const view = await viewOf(bucket, head, address.pin, Date.now())
  if (!view) return undefined
  const { repositoryId } = head
  const { path } = address
  const digest = digestInPath(path)
  const byDigest = digest === undefined ? undefined : await readContentOfDigest(bucket, repositoryId, digest)
  if (byDigest) return { content: byDigest, lifetime: 'immutable' }
  const isPackage = isLikePackage(path)
  const early = isPackage ? await readPackage(bucket, repositoryId, path) : undefined
  if (early) return { content: early, lifetime: 'immutable' }

  const tree = await readTree(bucket, repositoryId, view.generation)
  if (!tree) return undefined
  const { generation, ...lifetime } = view
  if (path === '') {
    const page = pageNames(accept)
      .map((name) => ownFile(tree.files, name))
      .find((file) => file !== undefined)
    return page && { content: page, ...lifetime, varies: true }
  }
  const file = ownFile(tree.files, path)
  if (file?.pin && !address.pin) {
    return { redirectTo: `/r/${address.organization}/${address.project}/@${generation}/${address.encodedPath}` }
  }
  if (file)
    return (await isTakenBack(bucket, head, { file, path, generation })) ? undefined : { content: file, ...lifetime }
  const late = isPackage ? undefined : await readContentOfPath(bucket, repositoryId, path)
  return late && { content: late, lifetime: 'immutable' }
}
