// Arch Linux packages and pacman repositories, behind the interface every format has.
import type { Format } from '../../format.ts'
import { archlinuxBlockSchema } from './block.ts'
import { buildArch } from './build.ts'
import { checkSpec } from './check.ts'
import { archRows, BASE_STREAMS, channelFiles, packageAliases, packagePath, ROOT, seedStream } from './database.ts'
import { type ArchEntry, archEntrySchema, pairsFault } from './entry.ts'
import { inspectArch } from './inspect.ts'
import { ARCH_ARCHITECTURES, archFileNameOf, FILE_SUFFIX } from './names.ts'
import { pacmanInstructions } from './pacman-conf.ts'
import { sealArch } from './seal.ts'
import { archVersion, compareArchVersions } from './version.ts'

export const arch: Format<ArchEntry> = {
  id: 'arch',
  title: 'Arch Linux (pacman)',
  manifestName: 'archlinux',
  fileSuffix: FILE_SUFFIX,
  otherFileSuffixes: ['.pkg.tar.xz', '.pkg.tar.gz', '.pkg.tar.bz2', '.pkg.tar'],
  mediaType: 'application/zstd',
  packageUrlType: 'alpm',
  alsoCalled: ['pacman'],
  architectures: ARCH_ARCHITECTURES,
  entrySchema: archEntrySchema,
  blockSchema: archlinuxBlockSchema,
  check: checkSpec,
  fileName: archFileNameOf,
  build: buildArch,
  inspect: inspectArch,
  seal: sealArch,
  compareVersions: compareArchVersions,
  spellVersion: archVersion,
  upstreamOf: (version) => version.replace(/^\d+:/, '').replace(/-[^-]*$/, ''),
  repository: {
    root: ROOT,
    baseStreams: BASE_STREAMS,
    seed: seedStream,
    packagePath,
    packageAliases,
    rows: (entry, streams) => archRows(entry, streams),
    refuses: ({ pkginfo }) => pairsFault(pkginfo),
    files: channelFiles,
    instructions: pacmanInstructions,
  },
}
