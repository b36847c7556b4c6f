// rpm packages and the repositories of dnf and zypper, behind the interface every format has.
import type { Format } from '../../format.ts'
import { rpmBlockSchema } from './block.ts'
import { buildRpm } from './build.ts'
import { checkSpec } from './check.ts'
import { compareRpmVersions } from './compare.ts'
import { type RpmEntry, relationFault, rpmEntrySchema } from './entry.ts'
import { inspectRpm } from './inspect.ts'
import { RPM_ARCHITECTURES, rpmEvr, rpmFileNameOf, rpmUpstream } from './names.ts'
import { rpmInstructions } from './repo-file.ts'
import { channelFiles } from './repomd.ts'
import { BASE_STREAMS, packagePath, ROOT, rpmRows } from './rows.ts'
import { sealRpm } from './seal.ts'

export const rpm: Format<RpmEntry> = {
  id: 'rpm',
  title: 'Fedora, RHEL, openSUSE (dnf, zypper)',
  manifestName: 'rpm',
  localKey: 'openpgp',
  fileSuffix: '.rpm',
  mediaType: 'application/x-rpm',
  packageUrlType: 'rpm',
  architectures: RPM_ARCHITECTURES,
  entrySchema: rpmEntrySchema,
  blockSchema: rpmBlockSchema,
  check: checkSpec,
  fileName: rpmFileNameOf,
  build: buildRpm,
  inspect: inspectRpm,
  seal: sealRpm,
  compareVersions: compareRpmVersions,
  spellVersion: rpmEvr,
  upstreamOf: rpmUpstream,
  repository: {
    root: ROOT,
    baseStreams: BASE_STREAMS,
    // One index for all architectures: clients take what theirs can run.
    seed: () => undefined,
    packagePath,
    rows: (entry, _streams, channel) => rpmRows(entry, channel),
    refuses: relationFault,
    files: channelFiles,
    instructions: rpmInstructions,
  },
}
