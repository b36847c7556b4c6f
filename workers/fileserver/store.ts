// Reads the platform's JSON objects. What stands there was written by the platform through core/contract/objects.ts,
// so it is parsed and not validated: zod would cost more start-up time than this whole Worker.
import { objectKey } from '@distropack/core/contract/object-keys.ts'
import type { Day, Grant, Head, PathFile, Tree } from '@distropack/core/contract/objects.ts'
import type { Content } from '@distropack/core/model/content.ts'

/** Generations kept parsed per isolate. A tree's size is that of its channels: tens of kilobytes. */
const MAX_TREES = 16
/** A tree with many inlined indexes is not kept: 16 of them must stay far below an isolate's 128 MB. */
const MAX_KEPT_TREE_BYTES = 1024 * 1024

// Keys hold the repository's id and a generation, and a generation never changes: no entry can become wrong.
const trees = new Map<string, Tree>()

const readJson = async <T>(bucket: R2Bucket, key: string): Promise<T | undefined> => {
  const object = await bucket.get(key)
  return object ? await object.json<T>() : undefined
}

/** Never cached: what is published is what the next reader gets. */
export const readHead = (bucket: R2Bucket, organization: string, project: string): Promise<Head | undefined> =>
  readJson<Head>(bucket, objectKey.head(organization, project))

export const readTree = async (
  bucket: R2Bucket,
  repositoryId: string,
  generation: number,
): Promise<Tree | undefined> => {
  const key = objectKey.tree(repositoryId, generation)
  const kept = trees.get(key)
  if (kept) return kept
  const object = await bucket.get(key)
  if (!object) return undefined
  const tree = await object.json<Tree>()
  if (object.size <= MAX_KEPT_TREE_BYTES) {
    const oldest = trees.size >= MAX_TREES ? trees.keys().next().value : undefined
    if (oldest !== undefined) trees.delete(oldest)
    trees.set(key, tree)
  }
  return tree
}

/** The last generation of a UTC day, or the newest before it. */
export const readGenerationOfDay = async (
  bucket: R2Bucket,
  repositoryId: string,
  day: string,
): Promise<number | undefined> => {
  // Day keys fall as days pass: the first key not below this day's is the day itself or the one before it.
  const startAfter = objectKey.day(repositoryId, day).replace(/\.json$/, '')
  const listed = await bucket.list({ prefix: objectKey.dayPrefix(repositoryId), startAfter, limit: 1 })
  const key = listed.objects[0]?.key
  return key ? (await readJson<Day>(bucket, key))?.generation : undefined
}

export const readContentOfPath = (
  bucket: R2Bucket,
  repositoryId: string,
  path: string,
): Promise<PathFile | undefined> => readJson<PathFile>(bucket, objectKey.path(repositoryId, path))

export const readContentOfDigest = (
  bucket: R2Bucket,
  repositoryId: string,
  sha256: string,
): Promise<Content | undefined> => readJson<Content>(bucket, objectKey.digest(repositoryId, sha256))

export const readGrant = (bucket: R2Bucket, tokenSha256: string): Promise<Grant | undefined> =>
  readJson<Grant>(bucket, objectKey.grant(tokenSha256))
