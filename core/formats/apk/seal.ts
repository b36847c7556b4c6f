// Signs a finished .apk: the signature covers the control part, which holds the data part's digest.
import { type Fault, fault } from '../../fault.ts'
import type { Sealed } from '../../format.ts'
import { err, ok, type Result } from '../../result.ts'
import { type PackageSigner, rsaSigners, type SeekableFile } from '../../tools.ts'
import type { ApkEntry } from './entry.ts'
import { signatureMember } from './signature.ts'

/** Signatures already there are left out: theirs are keys this repository's readers do not have. */
export const sealApk = async (
  file: SeekableFile,
  entry: ApkEntry,
  signer: PackageSigner,
): Promise<Result<Sealed<ApkEntry>, Fault>> => {
  if (!signer.rsa)
    return err(fault('internal', 'An apk package is signed with an RSA key, and this repository has none.'))
  const { controlOffset, controlSizeBytes } = entry
  const signature = await signatureMember(rsaSigners(signer), () => file.stream(controlOffset, controlSizeBytes))
  return ok({
    pieces: [{ bytes: signature }, { offset: controlOffset, sizeBytes: file.sizeBytes - controlOffset }],
    entry: { ...entry, controlOffset: signature.length },
    companions: [],
  })
}
