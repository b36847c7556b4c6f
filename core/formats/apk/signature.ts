// The signature part (apk-v2(5)): a gzip member with a file for each key, named after scheme and key, and no end blocks, so
// that it and what follows read as one archive. RSA256 is verified by apk 2.14 and 3 alike.
import { concatBytes } from '../../bytes/arrays.ts'
import { gzipStored } from '../../bytes/gzip-frame.ts'
import { tarFile } from '../../bytes/tar-write.ts'
import type { ByteSource } from '../../model/spec.ts'
import type { RsaSigner } from '../../tools.ts'

/** Signatures have no date: the same key and bytes give the same member. */
const MTIME_SECONDS = 0

/** One file a key: apk takes the first signature whose key it has. `open` reads what is signed, from its beginning. */
export const signatureMember = async (signers: readonly RsaSigner[], open: () => ByteSource): Promise<Uint8Array> => {
  const common = { mode: 0o644, owner: 'root', group: 'root', mtimeSeconds: MTIME_SECONDS }
  const files: Uint8Array[] = []
  for (const signer of signers) {
    const signature = await signer.sign('SHA-256', open())
    files.push(tarFile({ ...common, name: `.SIGN.RSA256.${signer.keyName}` }, signature, 'pax'))
  }
  return gzipStored(concatBytes(files))
}
