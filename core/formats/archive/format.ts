// Plain archives for people without a package manager, one format a compression, behind the interface every format
// has. They share one place in a repository; see docs/decisions on shared roots.
import { downloadLayout } from '../../downloads/layout.ts'
import type { Format } from '../../format.ts'
import { archiveBlockSchema } from './block.ts'
import { buildArchive } from './build.ts'
import { checkSpec } from './check.ts'
import { type ArchiveEntry, archiveEntrySchema } from './entry.ts'
import { inspectArchive } from './inspect.ts'
import {
  ARCHIVE_ARCHITECTURES,
  ARCHIVE_IDS,
  type ArchiveId,
  archiveUpstream,
  archiveVersion,
  identityOf,
  stemOf,
} from './names.ts'
import { compareArchiveVersions } from './version.ts'

interface Compression {
  readonly mediaType: string
  /** Unpacks the file whose name follows. */
  readonly unpack: string
}

const COMPRESSIONS: Readonly<Record<ArchiveId, Compression>> = {
  'tar.gz': { mediaType: 'application/gzip', unpack: 'tar -xzf' },
  'tar.xz': { mediaType: 'application/x-xz', unpack: 'tar -xJf' },
  'tar.zst': { mediaType: 'application/zstd', unpack: 'tar --zstd -xf' },
  zip: { mediaType: 'application/zip', unpack: 'unzip -q' },
}

const archiveFormat = (id: ArchiveId): Format<ArchiveEntry> => {
  const { mediaType, unpack } = COMPRESSIONS[id]
  return {
    id,
    title: `Archive (${id})`,
    manifestName: 'archive',
    fileSuffix: `.${id}`,
    mediaType,
    architectures: ARCHIVE_ARCHITECTURES,
    onlyWhenAsked: true,
    entrySchema: archiveEntrySchema,
    blockSchema: archiveBlockSchema,
    check: checkSpec,
    fileName: (spec) => `${stemOf(identityOf(spec))}.${id}`,
    build: buildArchive(id),
    inspect: inspectArchive(id),
    compareVersions: compareArchiveVersions,
    spellVersion: archiveVersion,
    upstreamOf: archiveUpstream,
    repository: downloadLayout<ArchiveEntry>({
      title: `Any Linux, from an archive (${id})`,
      suffix: `.${id}`,
      mediaType,
      install: (file, name) => [`${unpack} ${file}`, `./${name}-*/install.sh`],
    }),
  }
}

export const ARCHIVES: readonly Format<ArchiveEntry>[] = ARCHIVE_IDS.map(archiveFormat)
