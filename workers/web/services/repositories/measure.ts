// Size and sha256 of an index file, by reading only what is new since an earlier generation. The state of the hash
// is kept at the end of every piece, under the chain of pieces before it: a file that begins the same resumes there.
import { createHash } from 'node:crypto'
import { resumeSha256, type Sha256State } from '@distropack/core/bytes/sha256-state.ts'
import type { Content, Part } from '@distropack/core/model/content.ts'
import { inflatePiece, type PieceStore } from './pieces.ts'

type Recipe = Omit<Content, 'sizeBytes' | 'sha256'>

/** In the publisher's own storage. A state of null: these pieces were seen, and hashed by the host. */
export interface CheckpointStore {
  find(chains: readonly string[]): ReadonlyMap<string, Sha256State | null>
  save(checkpoints: ReadonlyMap<string, Sha256State | null>): void
}

/** Beyond this the host's hash reads everything faster than the resumable one reads its part. */
const BULK_BYTES = 512 * 1024

const partKey = (part: Part): string =>
  'inline' in part ? `i:${part.inline}` : `b:${part.blob}:${part.offset}:${part.sizeBytes}`

/** One name for each beginning of the file: the pieces up to and with it. */
const chainsOf = (recipe: Recipe): string[] => {
  let chain: string = recipe.inflate ? 'inflated' : 'plain'
  return recipe.parts.map((part) => {
    chain = createHash('sha256')
      .update(`${chain}\n${partKey(part)}`)
      .digest('base64url')
    return chain
  })
}

const readFrom = async function* (recipe: Recipe, start: number, pieces: PieceStore) {
  for (let i = start; i < recipe.parts.length; i++) {
    const bytes = await pieces.read(recipe.parts[i] as Part)
    // Each piece ends with a full flush, so it inflates without the ones before it.
    yield { index: i, bytes: recipe.inflate ? inflatePiece(bytes) : bytes }
  }
}

const hashInBulk = async (recipe: Recipe, pieces: PieceStore): Promise<Content> => {
  const hash = createHash('sha256')
  let sizeBytes = 0
  for await (const { bytes } of readFrom(recipe, 0, pieces)) {
    hash.update(bytes)
    sizeBytes += bytes.length
  }
  return { ...recipe, sizeBytes, sha256: hash.digest('hex') }
}

export const measureContent = async (
  recipe: Recipe,
  pieces: PieceStore,
  checkpoints: CheckpointStore,
): Promise<Content> => {
  const chains = chainsOf(recipe)
  const known = checkpoints.find(chains)
  const from = chains.findLastIndex((chain) => known.get(chain))
  const restBytes = recipe.parts.slice(from + 1).reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
  const first = chains[Math.min(1, chains.length - 1)] ?? ''
  if (restBytes > BULK_BYTES && from < 0 && !known.has(first)) {
    // A beginning never seen: perhaps one that is new every time (a header with the size in it).
    checkpoints.save(new Map([[first, null]]))
    return hashInBulk(recipe, pieces)
  }
  const hash = resumeSha256(known.get(chains[from] ?? '') ?? undefined)
  const reached = new Map<string, Sha256State | null>()
  for await (const { index, bytes } of readFrom(recipe, from + 1, pieces)) {
    hash.update(bytes)
    reached.set(chains[index] ?? '', hash.state())
  }
  checkpoints.save(reached)
  return { ...recipe, sizeBytes: hash.state().lengthBytes, sha256: hash.digest() }
}
