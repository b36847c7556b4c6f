// `latest/{name}-{os}-{arch}.{suffix}`: the newest version under a name that does not change. The rows are recipes: the
// address holds the very blob of the newest file, so nothing is copied and nobody is redirected.
import { fromUtf8, utf8 } from '../bytes/arrays.ts'
import type { IndexFile, Row } from '../format.ts'
import { joinRaw } from '../segments/join.ts'
import type { Segment } from '../segments/stream.ts'
import type { IndexTools } from '../tools.ts'
import type { Download, DownloadKind } from './layout.ts'

interface Latest {
  readonly file: string
  /** The file's own name; rows of before do not say it. */
  readonly fileName?: string
  readonly sha256: string
  readonly sizeBytes: number
  readonly mediaType: string
}

/** The publisher keeps one row a group, the newest version's. These files are served as they were built. */
export const latestRow = (entry: Download, kind: DownloadKind, stream: string): Row => {
  const file = `${entry.name}-${entry.os}-${entry.arch}${kind.suffix}`
  const { fileName, sha256, sizeBytes } = entry
  const row: Latest = { file, fileName, sha256, sizeBytes, mediaType: kind.mediaType }
  return { stream, bytes: utf8(`${JSON.stringify(row)}\n`), group: file }
}

/** As many as there are packages, systems and compressions; versions do not count. */
export const readLatest = async (
  segments: readonly Segment[],
  folder: string,
  tools: IndexTools,
): Promise<readonly IndexFile[]> => {
  const content = await tools.measure(joinRaw(segments, { mediaType: 'application/x-ndjson' }))
  let text = ''
  for await (const bytes of tools.read(content)) text += fromUtf8(bytes)
  return text
    .split('\n')
    .filter((line) => line !== '')
    .sort()
    .map((line): IndexFile => {
      const { file, fileName, sha256, sizeBytes, mediaType } = JSON.parse(line) as Latest
      const content = { sha256, sizeBytes, mediaType, parts: [{ blob: sha256, offset: 0, sizeBytes }] }
      const packagePath = fileName === undefined ? {} : { packagePath: `${folder}/${fileName}` }
      return { path: `${folder}/latest/${file}`, lifetime: 'pointer', content, ...packagePath }
    })
}
