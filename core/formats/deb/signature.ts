// The signature member of a .deb that its own maker signs (`deb.signature`), by debsigs' scheme or dpkg-sig's. apt
// looks at neither: it trusts a repository's Release file, which the platform signs.
import { arMember } from '../../bytes/ar.ts'
import { collectBytes, concatBytes, sourceOf, utf8 } from '../../bytes/arrays.ts'
import { toHex } from '../../bytes/hex.ts'
import { type Fault, fault } from '../../fault.ts'
import type { ByteSource, PackageSpec } from '../../model/spec.ts'
import { hasControl, quoteForMessage } from '../../text/line.ts'
import type { BuildTools, OpenPgpSigner } from '../../tools.ts'
import type { DebBlock } from './block.ts'

type SignatureBlock = NonNullable<DebBlock['signature']>

/** A member of the archive, as it is written. */
export interface SignedMember {
  readonly name: string
  readonly sizeBytes: number
  read(): ByteSource
}

/** debsigs(1), "SIGNATURE TYPES". */
const DEBSIGS_TYPES = ['origin', 'maint', 'archive']
/** With `_gpg` in front it is the name of an ar member, which has 16 bytes and no slash. */
const ROLE = /^[A-Za-z0-9.+-]{1,12}$/

export const signatureFaults = ({ method = '', type = '', signer = '' }: SignatureBlock): readonly Fault[] => {
  const wrong = (key: keyof SignatureBlock, value: string, rule: string): readonly Fault[] => [
    fault('field_invalid', `deb.signature.${key} is ${quoteForMessage(value)}; ${rule}.`, {
      key: `deb.signature.${key}`,
    }),
  ]
  if (!['', 'debsign', 'dpkg-sig'].includes(method)) return wrong('method', method, 'write debsign or dpkg-sig')
  if (hasControl(signer)) return wrong('signer', signer, 'write one line, as in "Ada <ada@example.org>"')
  if (type === '') return []
  if (method === 'dpkg-sig') return ROLE.test(type) ? [] : wrong('type', type, 'write one short word, as in builder')
  return DEBSIGS_TYPES.includes(type) ? [] : wrong('type', type, 'write origin, maint or archive')
}

/** debsigs(1): over the bytes of all members in order. The port signs arrays, so they are held whole. */
const debsigs = async (members: readonly SignedMember[], openpgp: OpenPgpSigner): Promise<Uint8Array> => {
  const bytes = await Promise.all(members.map((member) => collectBytes(member.read())))
  return openpgp.detachSign(concatBytes(bytes), 'armored')
}

const digestLine = async ({ name, sizeBytes, read }: SignedMember, tools: BuildTools): Promise<string> => {
  const md5 = tools.hash('md5')
  const sha1 = tools.hash('sha1')
  for await (const chunk of read()) {
    md5.update(chunk)
    sha1.update(chunk)
  }
  return `\t${toHex(md5.digest())} ${toHex(sha1.digest())} ${sizeBytes} ${name}`
}

/** `Thu Jan  1 00:00:00 1970`: C's asctime, in which dpkg-sig writes its date. */
const asctime = (seconds: number): string => {
  const [day, date, month, year, time] = new Date(seconds * 1000).toUTCString().replace(',', '').split(' ')
  return `${day} ${month} ${String(Number(date)).padStart(2)} ${time} ${year}`
}

interface Digests {
  readonly members: readonly SignedMember[]
  readonly role: string
  readonly signer: string
  readonly mtimeSeconds: number
}

/** dpkg-sig(1): a clear-signed list of the members' MD5 and SHA-1. dpkg-sig knows no other hashes. */
const dpkgSig = async ({ members, role, signer, mtimeSeconds }: Digests, tools: BuildTools): Promise<string> => {
  const lines: string[] = []
  for (const member of members) lines.push(await digestLine(member, tools))
  const head = ['Version: 4', `Signer: ${signer}`, `Date: ${asctime(mtimeSeconds)}`, `Role: ${role}`, 'Files:']
  return `${[...head, ...lines].join('\n')}\n`
}

/** The member that goes last; nothing when there is no key or the manifest asks for none. */
export const signatureMember = async (
  members: readonly SignedMember[],
  block: DebBlock,
  spec: PackageSpec,
  tools: BuildTools,
): Promise<Uint8Array> => {
  const openpgp = tools.signer?.openpgp
  if (!openpgp || !block.signature) return new Uint8Array(0)
  const { method, type, signer } = block.signature
  const { mtimeSeconds } = spec
  if (method !== 'dpkg-sig') return arMember(`_gpg${type || 'origin'}`, await debsigs(members, openpgp), mtimeSeconds)
  const role = type || 'builder'
  const text = await dpkgSig({ members, role, signer: signer || spec.maintainer, mtimeSeconds }, tools)
  return arMember(`_gpg${role}`, utf8(await openpgp.clearSign(text)), mtimeSeconds)
}

export const memberOf = (name: string, bytes: Uint8Array): SignedMember => ({
  name,
  sizeBytes: bytes.length,
  read: () => sourceOf(bytes),
})
