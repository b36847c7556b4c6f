// The signature part (apk-v2(5)): a gzip member with one file named after scheme and key, and no end blocks, so
// that it and what follows read as one archive. RSA256 is verified by apk 2.14 and 3 alike.
import { gzipStored } from '../../bytes/gzip-frame.ts'
import { tarFile } from '../../bytes/tar-write.ts'
import type { ByteSource } from '../../model/spec.ts'
import type { RsaSigner } from '../../tools.ts'

/** Signatures have no date: the same key and bytes give the same member. */
const MTIME_SECONDS = 0

export const signatureMember = async (signer: RsaSigner, signed: ByteSource): Promise<Uint8Array> => {
  const signature = await signer.sign('SHA-256', signed)
  const name = `.SIGN.RSA256.${signer.keyName}`
  const common = { mode: 0o644, owner: 'root', group: 'root', mtimeSeconds: MTIME_SECONDS }
  return gzipStored(tarFile({ ...common, name }, signature, 'pax'))
}
