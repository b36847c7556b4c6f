// Making a generation the one readers get. Everything it names is stored before; the head is the last write and the
// only one that changes what anybody sees.
import { type Head, objectKey, type Tree } from '@distropack/core/contract/objects.ts'
import type { Content } from '@distropack/core/model/content.ts'
import type { Pointer } from './index-store.ts'

const JSON_TYPE = { httpMetadata: { contentType: 'application/json' } }

export const writeTree = async (
  bucket: R2Bucket,
  repositoryId: string,
  generation: number,
  files: Readonly<Record<string, Pointer>>,
  nowMs: number,
): Promise<void> => {
  const tree = { generation, createdAtMs: nowMs, files } as unknown as Tree
  await bucket.put(objectKey.tree(repositoryId, generation), JSON.stringify(tree), JSON_TYPE)
}

/** May be repeated; a later generation's head is never put back, because one object per repository calls this. */
export const flipHead = async (
  bucket: R2Bucket,
  /** Where it stands now, then where it stood before. */
  names: readonly { readonly organization: string; readonly slug: string }[],
  head: Head,
): Promise<void> => {
  const day = new Date(head.flippedAtMs).toISOString().slice(0, 10)
  const text = JSON.stringify(head)
  await bucket.put(objectKey.day(head.repositoryId, day), text, JSON_TYPE)
  for (const { organization, slug } of names) await bucket.put(objectKey.head(organization, slug), text, JSON_TYPE)
}

/** Writes under way: the runtime opens six at a time, and what waits for them is held. */
const WRITES_AT_ONCE = 24

const putAll = async (bucket: R2Bucket, objects: readonly { readonly key: string; readonly value: unknown }[]) => {
  const left = objects.values()
  const lane = async (): Promise<void> => {
    for (const { key, value } of left) await bucket.put(key, JSON.stringify(value), JSON_TYPE)
  }
  await Promise.all(Array.from({ length: WRITES_AT_ONCE }, lane))
}

export interface PathFile {
  readonly path: string
  readonly content: Content
  readonly companions?: Readonly<Record<string, Content>>
}

export const writePathObjects = (bucket: R2Bucket, repositoryId: string, files: readonly PathFile[]): Promise<void> =>
  putAll(
    bucket,
    files.map(({ path, content, companions }) => ({
      key: objectKey.path(repositoryId, path),
      value: companions && Object.keys(companions).length > 0 ? { ...content, companions } : content,
    })),
  )

export const writeDigestObjects = (
  bucket: R2Bucket,
  repositoryId: string,
  contents: readonly Content[],
): Promise<void> =>
  putAll(
    bucket,
    contents.map((content) => ({ key: objectKey.digest(repositoryId, content.sha256), value: content })),
  )

export const deletePathObjects = async (
  bucket: R2Bucket,
  repositoryId: string,
  paths: readonly string[],
): Promise<void> => {
  if (paths.length > 0) await bucket.delete(paths.map((path) => objectKey.path(repositoryId, path)))
}
