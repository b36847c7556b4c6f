// Puts repositories into the file server's bucket, the way the platform writes them, and asks for their files.

import { env, exports } from 'cloudflare:workers'
import { objectKey } from '@distropack/core/contract/object-keys.ts'
import type { Grant, Head, TreeFile } from '@distropack/core/contract/objects.ts'
import type { Content, Part } from '@distropack/core/model/content.ts'
import type { FileServerEnv } from '../../workers/fileserver/worker.ts'

export const bucket = (env as unknown as FileServerEnv).BUCKET

export const ORIGIN = 'https://files.example'
/** Far enough back that its date is a validator. */
export const FLIPPED_AT_MS = Date.UTC(2026, 10, 20, 12, 0, 0)

export const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text)

export const sha256Of = async (bytes: Uint8Array): Promise<string> =>
  [...new Uint8Array(await crypto.subtle.digest('SHA-256', bytes))]
    .map((byte) => byte.toString(16).padStart(2, '0'))
    .join('')

export const putBlob = async (bytes: Uint8Array): Promise<string> => {
  const sha256 = await sha256Of(bytes)
  await bucket.put(objectKey.blob(sha256), bytes)
  return sha256
}

/** A recipe of one whole blob. */
export const contentOf = async (bytes: Uint8Array, mediaType = 'text/plain'): Promise<Content> => {
  const sha256 = await putBlob(bytes)
  return { sizeBytes: bytes.length, sha256, mediaType, parts: [{ blob: sha256, offset: 0, sizeBytes: bytes.length }] }
}

export const inlinePart = (bytes: Uint8Array): Part => ({
  inline: btoa(String.fromCharCode(...bytes)),
  sizeBytes: bytes.length,
})

export interface Repository {
  readonly id: string
  readonly base: string
  publish(generation: number, files: Readonly<Record<string, TreeFile>>, flippedAtMs?: number): Promise<void>
}

const putJson = (key: string, value: unknown): Promise<unknown> => bucket.put(key, JSON.stringify(value))

/** A name of its own per test: storage is isolated per file, not per test. */
export const makeRepository = (
  project: string,
  access: Head['access'] = 'public',
  organization = 'acme',
): Repository => {
  const id = `repo_${organization}_${project}`
  return {
    id,
    base: `/r/${organization}/${project}`,
    async publish(generation, files, flippedAtMs = FLIPPED_AT_MS) {
      await putJson(objectKey.tree(id, generation), { generation, createdAtMs: flippedAtMs, files })
      await putJson(objectKey.day(id, new Date(flippedAtMs).toISOString().slice(0, 10)), { generation })
      await putJson(objectKey.head(organization, project), { repositoryId: id, generation, access, flippedAtMs })
    },
  }
}

export const putPath = (repository: Repository, path: string, content: Content): Promise<unknown> =>
  putJson(objectKey.path(repository.id, path), content)

export const putDigest = (repository: Repository, content: Content): Promise<unknown> =>
  putJson(objectKey.digest(repository.id, content.sha256), content)

export const putGrant = async (token: string, grant: Grant): Promise<void> => {
  await putJson(objectKey.grant(await sha256Of(bytesOf(token))), grant)
}

/** `path` goes out as it is written, encodings and all. */
export const get = (path: string, headers: Readonly<Record<string, string>> = {}, method = 'GET'): Promise<Response> =>
  (exports as unknown as { default: Fetcher }).default.fetch(`${ORIGIN}${path}`, {
    method,
    headers,
    redirect: 'manual',
  })

export const textOf = async (path: string, headers: Readonly<Record<string, string>> = {}): Promise<string> =>
  (await get(path, headers)).text()
