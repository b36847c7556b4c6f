// The lead: 96 bytes that once described a package and now only mark the file as one (rpm's lib/rpmlead.cc).
import { concatBytes, utf8 } from '../../bytes/arrays.ts'
import { StreamFault } from '../../bytes/stream-fault.ts'

export const LEAD_BYTES = 96
const MAGIC = [0xed, 0xab, 0xee, 0xdb] as const
const NAME_BYTES = 66
/** "The signature is a header" (RPMSIGTYPE_HEADERSIG). */
const SIGNATURE_TYPE = 5
const LINUX = 1

/** Architecture numbers matter to nobody since rpm 4: 1 stands for all of them, as rpmbuild of a foreign one has it. */
export const renderLead = (nameVersionRelease: string): Uint8Array => {
  const name = new Uint8Array(NAME_BYTES)
  // Cut so that the last byte stays NUL; the name is ASCII.
  name.set(utf8(nameVersionRelease).subarray(0, NAME_BYTES - 1))
  const start = [...MAGIC, 3, 0, 0, 0, 0, 1]
  return concatBytes([Uint8Array.from(start), name, Uint8Array.of(0, LINUX, 0, SIGNATURE_TYPE), new Uint8Array(16)])
}

export const checkLead = (lead: Uint8Array): void => {
  if (lead.length < LEAD_BYTES || !MAGIC.every((byte, at) => lead[at] === byte)) {
    throw new StreamFault('This is not an rpm package: it does not start with the magic ed ab ee db. Upload an .rpm.')
  }
  if (lead[4] !== 3 && lead[4] !== 4) {
    throw new StreamFault(`The package is of rpm's version ${lead[4]}, which is too old.`, 'package_unsupported')
  }
  const type = (lead[6]! << 8) | lead[7]!
  if (type === 1) {
    throw new StreamFault('This is a source package. Upload what is built from it.', 'package_unsupported')
  }
  if (type !== 0) throw new StreamFault(`The lead of the package has the unknown type ${type}. Upload the file again.`)
}
