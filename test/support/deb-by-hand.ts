// A .deb of any control file and scripts, which no tool would build.
import { gzipSync } from 'node:zlib'
import { AR_MAGIC, arMember } from '@distropack/core/bytes/ar.ts'
import { concatBytes, utf8 } from '@distropack/core/bytes/arrays.ts'
import { TAR_END, tarFile } from '@distropack/core/bytes/tar-write.ts'

const OWNED = { owner: 'root', group: 'root', mtimeSeconds: 0 }

const tarGz = (files: Readonly<Record<string, Uint8Array | string>>): Uint8Array => {
  const members = Object.entries(files).map(([name, body]) =>
    tarFile({ ...OWNED, name: `./${name}`, mode: 0o755 }, typeof body === 'string' ? utf8(body) : body, 'gnu'),
  )
  return new Uint8Array(gzipSync(concatBytes([...members, TAR_END])))
}

export const debOf = (
  control: string,
  scripts: Readonly<Record<string, Uint8Array | string>> = {},
  files: Readonly<Record<string, Uint8Array | string>> = {},
): Uint8Array =>
  concatBytes([
    AR_MAGIC,
    arMember('debian-binary', utf8('2.0\n'), 0),
    arMember('control.tar.gz', tarGz({ control, ...scripts }), 0),
    arMember('data.tar.gz', tarGz(files), 0),
  ])
