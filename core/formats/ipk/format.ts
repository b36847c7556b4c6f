// Packages of opkg and OpenWrt's feeds, behind the interface every format has.
import { utf8 } from '../../bytes/arrays.ts'
import type { Format } from '../../format.ts'
import { compareDpkgVersions, dpkgUpstream, dpkgVersion } from '../../text/dpkg-version.ts'
import { stanzaTooLong } from '../../text/index-limits.ts'
import { ipkBlockSchema } from './block.ts'
import { buildIpk } from './build.ts'
import { checkSpec } from './check.ts'
import { type IpkEntry, ipkEntrySchema } from './entry.ts'
import {
  BASE_STREAMS,
  channelFiles,
  ipkRows,
  opkgInstructions,
  packageAliases,
  packagePath,
  ROOT,
  seedStream,
} from './feed.ts'
import { inspectIpk } from './inspect.ts'
import { IPK_ARCHITECTURES, ipkFileNameOf } from './names.ts'

export const ipk: Format<IpkEntry> = {
  id: 'ipk',
  title: 'OpenWrt (opkg)',
  manifestName: 'ipk',
  fileSuffix: '.ipk',
  mediaType: 'application/vnd.openwrt.ipk',
  architectures: IPK_ARCHITECTURES,
  onlyWhenAsked: true,
  entrySchema: ipkEntrySchema,
  blockSchema: ipkBlockSchema,
  libc: 'musl',
  check: checkSpec,
  fileName: ipkFileNameOf,
  build: buildIpk,
  inspect: inspectIpk,
  compareVersions: compareDpkgVersions,
  spellVersion: dpkgVersion,
  upstreamOf: dpkgUpstream,
  repository: {
    root: ROOT,
    baseStreams: BASE_STREAMS,
    seed: seedStream,
    packagePath,
    packageAliases,
    rows: (entry, streams) => ipkRows(entry, streams),
    refuses: ({ control }) => stanzaTooLong(control),
    files: channelFiles,
    keyFiles: ({ usign }) =>
      usign.map(({ name, publicKey }) => ({
        path: `keys/${name}`,
        bytes: utf8(publicKey),
        mediaType: 'text/plain',
      })),
    instructions: opkgInstructions,
  },
}
