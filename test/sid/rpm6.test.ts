// A package of rpm 6's own format, made by rpm 6 and signed here: rpm 6 verifies it, and so does this machine's rpm 4.
import { rpm } from '@distropack/core/formats/rpm/format.ts'
import { readPackageHeaders } from '@distropack/core/formats/rpm/package-read.ts'
import { SIGNATURE_TAG, TAG } from '@distropack/core/formats/rpm/tags.ts'
import { afterAll, expect, it, onTestFinished } from 'vitest'
import { MOVING_SUITE } from '../../scripts/testing/roots.ts'
import { type ClientRoot, openClientRoot } from '../support/client-root.ts'
import { inspectTools, memoryFile } from '../support/core-host.ts'
import { makeForeignKey } from '../support/foreign-key.ts'
import { sealed } from '../support/publisher.ts'
import { openRpmHome } from '../support/rpm.ts'
import { testSigner } from '../support/signers.ts'

const home = openRpmHome()
afterAll(() => home.close())

const SPEC = `Name: six
Version: 1
Release: 1
Summary: six
License: MIT
BuildArch: noarch
%description
six
%files
`

/** What rpm 6 makes with its own format. */
const buildFormat6 = async (root: ClientRoot): Promise<Uint8Array> => {
  await root.write('/tmp/six.spec', SPEC)
  const built = await root.shell("rpmbuild -bb --define '_rpmformat 6' --define '_topdir /tmp/top' /tmp/six.spec")
  expect(built.status, built.output).toBe(0)
  const { output } = await root.shell('base64 -w0 /tmp/top/RPMS/noarch/six-1-1.noarch.rpm')
  return new Uint8Array(Buffer.from(output, 'base64'))
}

it('is verified by rpm 6 and by rpm 4, under one key', async () => {
  const root = await openClientRoot(MOVING_SUITE)
  onTestFinished(() => root.close())
  const bytes = await buildFormat6(root)
  const signer = await testSigner()
  const signed = await sealed(rpm, bytes, signer)
  const { main, signature } = await readPackageHeaders(memoryFile(signed.bytes), inspectTools.budget)
  expect(main.number(TAG.rpmFormat)).toBe(6)
  expect(signature.strings(SIGNATURE_TAG.openpgp)).toHaveLength(1)
  const { publicKeyArmored } = signer.openpgp
  const file = home.write('six.rpm', signed.bytes)
  expect(home.checkSignature(file, [publicKeyArmored])).toMatchObject({ status: 0 })
  expect(home.checkSignature(file, [await makeForeignKey()]).status).not.toBe(0)
  await root.write('/tmp/six.rpm', signed.bytes)
  await root.write('/tmp/key.asc', publicKeyArmored)
  const checked = await root.shell(
    'rpmkeys --import /tmp/key.asc && rpmkeys --define "_pkgverify_level all" -Kv /tmp/six.rpm',
  )
  expect(checked.status, checked.output).toBe(0)
  expect(checked.output).toMatch(/Header OpenPGP V4 RSA\/SHA\d+ signature.*: OK/)
})
