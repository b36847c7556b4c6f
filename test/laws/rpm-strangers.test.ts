// Reading and signing rpm packages, ours and strangers': what is broken is refused, what is signed verifies.
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { concatBytes, utf8 } from '@distropack/core/bytes/arrays.ts'
import { rpmEntrySchema } from '@distropack/core/formats/rpm/entry.ts'
import { rpm } from '@distropack/core/formats/rpm/format.ts'
import { int32, renderHeader, type TagValue, TYPE } from '@distropack/core/formats/rpm/header.ts'
import type { Header } from '@distropack/core/formats/rpm/header-read.ts'
import { LEAD_BYTES } from '@distropack/core/formats/rpm/lead.ts'
import { readPackageHeaders } from '@distropack/core/formats/rpm/package-read.ts'
import { dependencyTrouble } from '@distropack/core/formats/rpm/relations.ts'
import { renderSignatureHeader } from '@distropack/core/formats/rpm/signature.ts'
import { SENSE, SIGNATURE_TAG, TAG } from '@distropack/core/formats/rpm/tags.ts'
import type { PackageSpec } from '@distropack/core/model/spec.ts'
import type { RepositorySigner } from '@distropack/core/tools.ts'
import { generateKey } from 'openpgp'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { buildTools, inspectTools, memoryFile, memorySink } from '../support/core-host.ts'
import { makeForeignKey } from '../support/foreign-key.ts'
import { sealed } from '../support/publisher.ts'
import { requirePrograms } from '../support/required-programs.ts'
import { openRpmHome, type RpmHome } from '../support/rpm.ts'
import { REFERENCE, REFERENCE_SPEC } from '../support/rpm-reference.ts'
import { makeSigner, testSigner } from '../support/signers.ts'
import { MTIME_SECONDS } from '../support/specs.ts'

let home: RpmHome
beforeAll(() => {
  requirePrograms('bash', 'rpm', 'rpmbuild', 'rpmkeys')
  home = openRpmHome()
})
afterAll(() => home.close())

const build = async (spec: PackageSpec): Promise<Uint8Array> => {
  const sink = memorySink()
  const built = await rpm.build(spec, sink, buildTools)
  if (!built.ok) throw new Error(built.error.message)
  return sink.bytes()
}

const inspect = (bytes: Uint8Array) => rpm.inspect(memoryFile(bytes, 997), inspectTools)

/** As `sealed` for any format, with what only this one's entry has. */
const sealRpm = async (bytes: Uint8Array, signer: RepositorySigner) => {
  const { bytes: signed, entry } = await sealed(rpm, bytes, signer)
  return { bytes: signed, entry: rpmEntrySchema.parse(entry) }
}

const NUMBERS: Readonly<Record<number, 'int16' | 'int32' | 'int64'>> = { 3: 'int16', 4: 'int32', 5: 'int64' }

/** A tag as it was read, to be written again. */
const tagValue = (main: Header, tag: number, type: number): TagValue => {
  const number = NUMBERS[type]
  if (number) return { type: number, values: main.numbers(tag) }
  if (type === TYPE.string) return { type: 'string', value: main.string(tag) ?? '' }
  if (type === TYPE.bytes) return { type: 'bytes', bytes: main.binary(tag) ?? new Uint8Array(0) }
  return { type: type === TYPE.strings ? 'strings' : 'translated', values: main.strings(tag) }
}

/** The package as rpmbuild makes it with `%_rpmformat 6`: the format is said in the header, the old digests are not there. */
const asFormat6 = async (bytes: Uint8Array): Promise<Uint8Array> => {
  const { main, headerEnd } = await readPackageHeaders(memoryFile(bytes), inspectTools.budget)
  const tags = new Map<number, TagValue>([[TAG.rpmFormat, int32(6)]])
  for (const [tag, { type }] of main.tags) {
    if (tag !== TAG.headerImmutable) tags.set(tag, tagValue(main, tag, type))
  }
  const header = renderHeader(TAG.headerImmutable, tags)
  const sha256 = { type: 'string', value: createHash('sha256').update(header).digest('hex') } as const
  const signature = renderSignatureHeader(new Map([[SIGNATURE_TAG.sha256, sha256]]))
  return concatBytes([bytes.subarray(0, LEAD_BYTES), signature, header, bytes.subarray(headerEnd)])
}

describe('a stranger package', () => {
  it('with a relation rpm cannot parse is refused, with the field', () => {
    const none = { sense: 0, version: '' }
    for (const name of ['(a and', '(a or b and c)', '()', '(a if)']) {
      expect(dependencyTrouble('requires', { ...none, name })).toContain('rich')
    }
    expect(dependencyTrouble('provides', { ...none, name: '(a or b)' })).toContain('must be a name')
    expect(dependencyTrouble('requires', { name: 'a\nb', sense: 0, version: '' })).toContain('control')
    expect(dependencyTrouble('requires', { name: 'a', sense: SENSE.equal, version: '1 2' })).toContain('blanks')
    for (const name of [
      '(a or b)',
      '(a and (b or c >= 2))',
      'perl(Foo::Bar)',
      '/bin/sh',
      'libc.so.6(GLIBC_2.4)(64bit)',
    ]) {
      expect(dependencyTrouble('requires', { ...none, name })).toBeUndefined()
    }
  })

  const SPEC = `Name: stranger
Version: 3
Release: 1%{?dist}
Summary: odd <&>
License: x
%description
odd
%install
mkdir -p %{buildroot}/usr/bin
head -c 5000 /dev/zero > %{buildroot}/usr/bin/x
ln %{buildroot}/usr/bin/x %{buildroot}/usr/bin/y
%files
/usr/bin/*
`
  const stranger = (payload = 'w6.gzdio') => home.rpmbuild(SPEC, '--define', `_binary_payload ${payload}`)

  it.each(['w6.gzdio', 'w2.xzdio', 'w3.zstdio', 'w.ufdio', 'w9.bzdio'])('packed with %s is read', async (payload) => {
    const bytes = stranger(payload)
    const entry = await inspect(bytes)
    if (!entry.ok) throw new Error(entry.error.message)
    expect(entry.value).toMatchObject({
      name: 'stranger',
      version: '3-1',
      arch: 'x86_64',
      summary: 'odd <&>',
      fileName: 'stranger-3-1.x86_64.rpm',
      sizeBytes: bytes.length,
      paths: [
        { path: '/usr/bin/x', kind: 'file' },
        { path: '/usr/bin/y', kind: 'file' },
      ],
    })
  })

  it('cut or changed anywhere is a fault, and never a crash', async () => {
    const bytes = stranger()
    for (let end = 0; end < bytes.length; end += 61) {
      expect((await inspect(bytes.subarray(0, end))).ok).toBe(false)
    }
    const entry = await inspect(bytes)
    if (!entry.ok) throw new Error(entry.error.message)
    for (let at = 0; at < bytes.length; at += 7) {
      const changed = bytes.slice()
      changed[at]! ^= 0x55
      const read = await inspect(changed)
      // The lead and the padding of the signature header are what no digest covers.
      if (at >= entry.value.headerStart) expect(read.ok, `byte ${at}`).toBe(false)
      if (!read.ok) {
        const codes = ['package_corrupt', 'package_unsupported', 'digest_mismatch', 'size_mismatch']
        expect(codes).toContain(read.error.code)
      }
    }
  })

  it('with hostile counts and offsets is refused before anything is allocated', async () => {
    const bytes = stranger()
    for (const place of [104, 108]) {
      for (const value of [0, 0x7fffffff, 0xffffffff]) {
        const changed = bytes.slice()
        new DataView(changed.buffer).setUint32(place, value)
        const read = await inspect(changed)
        expect(!read.ok && read.error.code, `${place} ${value}`).toBe('package_corrupt')
      }
    }
    // Every field of every index entry of the signature header.
    for (let place = 112; place < 112 + 7 * 16; place += 4) {
      for (const value of [0xffffffff, 0x80000000, 0x7fffffff]) {
        const changed = bytes.slice()
        new DataView(changed.buffer).setUint32(place, value)
        await expect(inspect(changed)).resolves.toBeDefined()
      }
    }
  })

  it('that is a source package, a Debian one or empty is refused with a sentence', async () => {
    const top = join(home.folder, 'source')
    const spec = home.write('source.spec', SPEC)
    home.run('rpmbuild', '-bs', '--define', `_topdir ${top}`, spec)
    const [source = ''] = home.run('bash', '-c', `ls ${top}/SRPMS/*.src.rpm`).split('\n')
    const read = await inspect(new Uint8Array(readFileSync(source)))
    expect(!read.ok && read.error.message).toMatch(/source package/)
    for (const bytes of [utf8('!<arch>\ndebian-binary'), new Uint8Array(0), new Uint8Array(200)]) {
      const other = await inspect(bytes)
      expect(!other.ok && other.error.message).toMatch(/not an rpm package/)
    }
  })

  it('without a digest of its payload is refused: nothing of ours could vouch for it', async () => {
    const read = await inspect(await withoutPayloadDigest(stranger()))
    expect(!read.ok && read.error).toMatchObject({ code: 'package_unsupported' })
    expect(!read.ok && read.error.message).toMatch(/digest of its payload/)
  })
})

/** Offsets of the index entries of one header, by tag. */
const indexEntries = (bytes: Uint8Array, headerOffset: number): ReadonlyMap<number, number> => {
  const view = new DataView(bytes.buffer, bytes.byteOffset)
  const places = Array.from({ length: view.getUint32(headerOffset + 8) }, (_, at) => headerOffset + 16 + at * 16)
  return new Map(places.map((place) => [view.getUint32(place), place]))
}

/** As rpm before 4.14 built them: another tag in its place, and digests of the header that fit. */
const withoutPayloadDigest = async (package_: Uint8Array): Promise<Uint8Array> => {
  const read = await inspect(package_)
  if (!read.ok) throw new Error(read.error.message)
  const { headerStart, headerEnd } = rpmEntrySchema.parse(read.value)
  const bytes = package_.slice()
  const view = new DataView(bytes.buffer)
  view.setUint32(indexEntries(bytes, headerStart).get(5092)!, 5999)
  const signature = indexEntries(bytes, 96)
  const store = 112 + signature.size * 16
  for (const [tag, program] of [
    [269, 'sha1sum'],
    [273, 'sha256sum'],
  ] as const) {
    const digest = execFileSync(program, { input: bytes.subarray(headerStart, headerEnd), encoding: 'utf8' })
    bytes.set(utf8(digest.split(' ')[0]!), store + view.getUint32(signature.get(tag)! + 8))
  }
  return bytes
}

describe('a sealed package', () => {
  const flip = (bytes: Uint8Array, at: number): Uint8Array => {
    const changed = bytes.slice()
    changed[at]! ^= 1
    return changed
  }

  it('verifies with the repository’s key and with no other, also when it was a stranger’s', async () => {
    const signer = await testSigner()
    const stranger = home.rpmbuild(REFERENCE_SPEC)
    for (const [name, bytes] of [
      ['ours', await build(REFERENCE)],
      ['stranger', stranger],
    ] as const) {
      const unsigned = home.checkSignature(home.write(`${name}-unsigned.rpm`, bytes), [signer.openpgp.publicKeyArmored])
      expect(unsigned.status, name).not.toBe(0)
      const { bytes: signed, entry } = await sealRpm(bytes, signer)
      const file = home.write(`${name}.rpm`, signed)
      const checked = home.checkSignature(file, [signer.openpgp.publicKeyArmored])
      expect(checked.stdout, name).toMatch(/Header V4 RSA\/SHA(256|512) Signature, key ID [0-9a-f]+: OK/)
      expect(checked.stdout, name).toMatch(/Payload SHA256 digest: OK/)
      expect(checked.status, name).toBe(0)
      expect(home.checkSignature(file, [await makeForeignKey()]).status, name).not.toBe(0)
      expect(signed.subarray(entry.headerStart), name).toEqual(
        bytes.subarray(bytes.length - (signed.length - entry.headerStart)),
      )
    }
  })

  it('does not verify with one bit of header or payload changed', async () => {
    const signer = await testSigner()
    const { bytes, entry } = await sealRpm(await build(REFERENCE), signer)
    const places = [
      entry.headerStart + 20,
      Math.floor((entry.headerStart + entry.headerEnd) / 2),
      entry.headerEnd + 12,
      bytes.length - 9,
    ]
    for (const at of places) {
      const file = home.write('flipped.rpm', flip(bytes, at))
      expect(home.checkSignature(file, [signer.openpgp.publicKeyArmored]).status, `byte ${at}`).not.toBe(0)
      expect((await inspect(flip(bytes, at))).ok).toBe(false)
    }
  })

  it('sealed again by another repository has that one’s signature alone', async () => {
    const [first, second] = [await testSigner(), await makeSigner()]
    const once = await sealRpm(await build(REFERENCE), first)
    const twice = await sealRpm(once.bytes, second)
    const file = home.write('twice.rpm', twice.bytes)
    expect(home.checkSignature(file, [second.openpgp.publicKeyArmored]).status).toBe(0)
    expect(home.checkSignature(file, [first.openpgp.publicKeyArmored]).status).not.toBe(0)
    expect(home.query(file, '%{RSAHEADER:pgpsig}')).toMatch(/^RSA/)
  })

  it('of rpm 6’s format has one signature under both tags, so that rpm 4 verifies it too, and no other key’s', async () => {
    const [first, second] = [await testSigner(), await makeSigner()]
    const once = await sealRpm(await asFormat6(await build(REFERENCE)), first)
    for (const [signer, bytes] of [
      [first, once.bytes],
      [second, (await sealRpm(once.bytes, second)).bytes],
    ] as const) {
      const { signature } = await readPackageHeaders(memoryFile(bytes), inspectTools.budget)
      const old = signature.binary(SIGNATURE_TAG.rsa)
      expect(signature.strings(SIGNATURE_TAG.openpgp)).toEqual([Buffer.from(old ?? []).toString('base64')])
      const file = home.write('format-6.rpm', bytes)
      const checked = home.checkSignature(file, [signer.openpgp.publicKeyArmored])
      expect(checked.stdout).toMatch(/Header V4 RSA\/SHA(256|512) Signature, key ID [0-9a-f]+: OK/)
      expect(checked.status).toBe(0)
      const other = signer === first ? second : first
      expect(home.checkSignature(file, [other.openpgp.publicKeyArmored]).status).not.toBe(0)
    }
  })

  it('may be signed by an EdDSA key, which rpm looks for under another tag', async () => {
    const pair = await generateKey({
      type: 'ecc',
      curve: 'ed25519Legacy',
      userIDs: [{ name: 'E' }],
      date: new Date(MTIME_SECONDS * 1000),
      format: 'object',
    })
    const signer = await makeSigner(pair)
    const { bytes } = await sealRpm(await build(REFERENCE), signer)
    const checked = home.checkSignature(home.write('eddsa.rpm', bytes), [signer.openpgp.publicKeyArmored])
    expect(checked.stdout).toMatch(/Header V4 EdDSA\/SHA(256|512) Signature, key ID [0-9a-f]+: OK/)
    expect(checked.status).toBe(0)
  })
})
