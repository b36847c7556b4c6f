// Debian packages and apt repositories, behind the interface every format has.
import type { Format } from '../../format.ts'
import { compareDpkgVersions, dpkgUpstream, dpkgVersion } from '../../text/dpkg-version.ts'
import { stanzaTooLong } from '../../text/index-limits.ts'
import { debBlockSchema } from './block.ts'
import { buildDeb } from './build.ts'
import { adviseOnSpec, checkSpec } from './check.ts'
import { debArchitecture } from './control.ts'
import { type DebEntry, debEntrySchema } from './entry.ts'
import { inspectDeb } from './inspect.ts'
import { DEB_ARCHITECTURES, debFileName } from './names.ts'
import { channelFiles } from './release.ts'
import { BASE_STREAMS, debRows, poolPath, ROOT, seedStream } from './rows.ts'
import { aptInstructions } from './sources.ts'

export const deb: Format<DebEntry> = {
  id: 'deb',
  title: 'Debian and Ubuntu (apt)',
  manifestName: 'deb',
  localKey: 'openpgp',
  fileSuffix: '.deb',
  mediaType: 'application/vnd.debian.binary-package',
  packageUrlType: 'deb',
  architectures: DEB_ARCHITECTURES,
  entrySchema: debEntrySchema,
  blockSchema: debBlockSchema,
  check: checkSpec,
  advise: adviseOnSpec,
  fileName: (spec) => debFileName(spec.name, dpkgVersion(spec.version), debArchitecture(spec)),
  build: buildDeb,
  inspect: inspectDeb,
  compareVersions: compareDpkgVersions,
  spellVersion: dpkgVersion,
  upstreamOf: dpkgUpstream,
  repository: {
    root: ROOT,
    baseStreams: BASE_STREAMS,
    seed: seedStream,
    packagePath: (entry) => `${ROOT}/${poolPath(entry)}`,
    rows: (entry, streams) => debRows(entry, streams),
    refuses: ({ control }) => stanzaTooLong(control),
    files: channelFiles,
    instructions: aptInstructions,
  },
}
