// An .rpm that is whole and has any header: for readers of headers, which see no payload.
import { createHash } from 'node:crypto'
import { concatBytes } from '@distropack/core/bytes/arrays.ts'
import {
  ENTRY_BYTES,
  INTRO_BYTES,
  int32,
  renderHeader,
  strings,
  type TagValue,
  text,
} from '../../core/formats/rpm/header.ts'
import { renderLead } from '../../core/formats/rpm/lead.ts'
import { renderSignatureHeader } from '../../core/formats/rpm/signature.ts'
import { DIGEST_ALGORITHM, SIGNATURE_TAG, TAG } from '../../core/formats/rpm/tags.ts'

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

const LISTS = [
  TAG.provideNames,
  TAG.requireNames,
  TAG.conflictNames,
  TAG.obsoleteNames,
  TAG.recommendNames,
  TAG.suggestNames,
  TAG.supplementNames,
  TAG.enhanceNames,
]

/** Every list of relations is made the same data: so many empty strings, there once. */
const share = (header: Uint8Array, count: number): void => {
  const view = new DataView(header.buffer, header.byteOffset, header.byteLength)
  const places = Array.from({ length: view.getUint32(8) }, (_, at) => INTRO_BYTES + at * ENTRY_BYTES)
  const placeOf = (tag: number): number => places.find((place) => view.getUint32(place) === tag)!
  const offset = view.getUint32(placeOf(TAG.provideNames) + 8)
  for (const tag of LISTS) {
    view.setUint32(placeOf(tag) + 8, offset)
    view.setUint32(placeOf(tag) + 12, count)
  }
}

const fileTags = (paths: readonly string[]): readonly (readonly [number, TagValue])[] => {
  const folderOf = (path: string): string => path.slice(0, path.lastIndexOf('/') + 1)
  const folders = [...new Set(paths.map(folderOf))]
  const numbers = new Map(folders.map((folder, at) => [folder, at]))
  return [
    [TAG.baseNames, strings(paths.map((path) => path.slice(folderOf(path).length)))],
    [TAG.dirNames, strings(folders)],
    [TAG.dirIndexes, { type: 'int32', values: paths.map((path) => numbers.get(folderOf(path))!) }],
    [TAG.fileModes, { type: 'int16', values: paths.map(() => 0o100644) }],
    [TAG.fileFlags, { type: 'int32', values: paths.map(() => 0) }],
  ]
}

export const rpmOf = (paths: readonly string[], { sharedStrings = 0 } = {}): Uint8Array => {
  const lists = LISTS.map(
    (tag, at) => [tag, strings(Array(at === 0 ? Math.max(1, sharedStrings) : 1).fill(''))] as const,
  )
  const header = renderHeader(
    TAG.headerImmutable,
    new Map<number, TagValue>([
      [TAG.name, text('hostile')],
      [TAG.version, text('1.0')],
      [TAG.release, text('1')],
      [TAG.arch, text('x86_64')],
      [TAG.sourceRpm, text('hostile-1.0-1.src.rpm')],
      ...(sharedStrings > 0 ? lists : []),
      ...fileTags(paths),
      [TAG.payloadDigest, strings([sha256(new Uint8Array(0))])],
      [TAG.payloadDigestAlgorithm, int32(DIGEST_ALGORITHM.sha256)],
    ]),
  )
  if (sharedStrings > 0) share(header, sharedStrings)
  const signature = renderSignatureHeader(new Map([[SIGNATURE_TAG.sha256, text(sha256(header))]]))
  return concatBytes([renderLead('hostile-1.0-1'), signature, header])
}
