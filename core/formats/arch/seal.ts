// Signs a finished package: an OpenPGP signature beside the whole file, which stays as it is.
import { type Fault, fault } from '../../fault.ts'
import type { Sealed } from '../../format.ts'
import { err, ok, type Result } from '../../result.ts'
import type { PackageSigner, SeekableFile } from '../../tools.ts'
import type { ArchEntry } from './entry.ts'

export const SIGNATURE_TYPE = 'application/pgp-signature'

export const sealArch = async (
  file: SeekableFile,
  entry: ArchEntry,
  signer: PackageSigner,
): Promise<Result<Sealed<ArchEntry>, Fault>> => {
  if (!signer.openpgp) {
    return err(fault('internal', 'An Arch package is signed with an OpenPGP key, and this repository has none.'))
  }
  const bytes = await signer.openpgp.detachSign(file.stream(), 'binary')
  return ok({
    pieces: [{ offset: 0, sizeBytes: file.sizeBytes }],
    entry,
    companions: [{ suffix: '.sig', bytes, mediaType: SIGNATURE_TYPE }],
  })
}
