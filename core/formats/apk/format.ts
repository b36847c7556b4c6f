// Alpine packages and repositories (apk, version 2), behind the interface every format has.
import { utf8 } from '../../bytes/arrays.ts'
import type { Format, Instruction, PublicKeys, ReaderAddress } from '../../format.ts'
import { readerUrl, TOKEN_LINE } from '../../text/reader-url.ts'
import { apkRows, BASE_STREAMS, channelFiles, packagePath, ROOT, seedStream } from './apkindex.ts'
import { apkBlockSchema } from './block.ts'
import { buildApk } from './build.ts'
import { adviseOnSpec, checkSpec } from './check.ts'
import { type ApkEntry, apkEntrySchema, pairsFault } from './entry.ts'
import { inspectApk } from './inspect.ts'
import { APK_ARCHITECTURES, apkFileNameOf } from './names.ts'
import { sealApk } from './seal.ts'
import { apkVersion, compareApkVersions } from './version.ts'

const instructions = (address: ReaderAddress, packageNames: readonly string[], keys: PublicKeys): Instruction => {
  const { baseUrl, channel, isPrivate } = address
  const repository = `${baseUrl}/${ROOT}/${channel}`
  return {
    title: 'Alpine Linux (apk)',
    commands: [
      ...(isPrivate ? [TOKEN_LINE] : []),
      // apk finds a key by its file's name alone, so the name must not change on the way.
      ...keys.rsa.map(({ name }) => `wget -O /etc/apk/keys/${name} ${readerUrl(`${baseUrl}/keys/${name}`, isPrivate)}`),
      `echo ${isPrivate ? readerUrl(repository, true) : `'${repository}'`} >> /etc/apk/repositories`,
      'apk update',
      `apk add ${packageNames.join(' ') || 'PACKAGE'}`,
    ],
  }
}

export const apk: Format<ApkEntry> = {
  id: 'apk',
  title: 'Alpine Linux (apk)',
  manifestName: 'apk',
  localKey: 'rsa',
  fileSuffix: '.apk',
  mediaType: 'application/vnd.alpine.apk',
  packageUrlType: 'apk',
  architectures: APK_ARCHITECTURES,
  entrySchema: apkEntrySchema,
  blockSchema: apkBlockSchema,
  libc: 'musl',
  check: checkSpec,
  advise: adviseOnSpec,
  fileName: apkFileNameOf,
  build: buildApk,
  inspect: inspectApk,
  seal: sealApk,
  compareVersions: compareApkVersions,
  spellVersion: apkVersion,
  upstreamOf: (version) => version.replace(/-r\d+$/, ''),
  repository: {
    root: ROOT,
    baseStreams: BASE_STREAMS,
    seed: seedStream,
    packagePath,
    rows: (entry, streams) => apkRows(entry, streams),
    refuses: ({ pkginfo }) => pairsFault(pkginfo),
    files: channelFiles,
    keyFiles: ({ rsa }) =>
      rsa.map(({ name, publicKey }) => ({
        path: `keys/${name}`,
        bytes: utf8(publicKey),
        mediaType: 'application/x-pem-file',
      })),
    instructions,
  },
}
