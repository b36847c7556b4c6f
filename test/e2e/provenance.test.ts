// Where a package comes from, as somebody who trusts nobody checks it: openssl for the signature, the specification's
// own schema for the bill of materials, and the bytes themselves for every digest.

import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Spec, Validation } from '@cyclonedx/cyclonedx-library'
import type { Build } from '@distropack/core/contract/api.ts'
import { PackageURL } from 'packageurl-js'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { UsedPlatform } from '../support/platform.ts'
import { requirePrograms } from '../support/required-programs.ts'
import { sharedPlatform } from '../support/shared-platform.ts'
import { type ApiAccess, awaitBuild, callApi } from '../support/small-build.ts'

let platform: UsedPlatform
let access: ApiAccess
let build: Build
const folder = mkdtempSync(join(tmpdir(), 'distropack-provenance-'))
const PROGRAM = '#!/bin/sh\necho provenance\n'
const OWN = { bomFormat: 'CycloneDX', specVersion: '1.6', version: 1, components: [] }
const MANIFEST = `name: traced
arch: all
version: 1.0.0
maintainer: A <a@example.org>
description: A traced tool.
contents:
  - { src: traced.sh, dst: /usr/bin/traced, file_info: { mode: 0755 } }
`
const sha256 = (bytes: string | Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

beforeAll(async () => {
  requirePrograms('dpkg-deb', 'openssl')
  platform = sharedPlatform()
  access = { url: platform.url, token: await platform.organization('traced') }
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'traced.sh'), PROGRAM)
  writeFileSync(join(folder, 'distropack.yaml'), MANIFEST)
  writeFileSync(join(folder, 'own.json'), JSON.stringify(OWN))
  const targets = ['deb/amd64', 'apk/amd64', 'tar.gz/amd64'].flatMap((target) => ['--target', target])
  const args = ['publish', '--project', 'traced/traced', '--sbom', 'own.json', ...targets, '--json']
  const { status, stdout, stderr } = await platform.cli(access.token, args, folder)
  if (status !== 0) throw new Error(`${stdout}${stderr}`)
  build = (JSON.parse(stdout) as { build: Build }).build
})
afterAll(() => {
  rmSync(folder, { recursive: true })
})

const read = async (url: string): Promise<Buffer> => {
  const response = await fetch(url)
  if (!response.ok) throw new Error(`${url}: ${response.status}`)
  return Buffer.from(await response.arrayBuffer())
}

/** DSSE, protocol.md: the bytes under the signature, put together by hand. */
const signedBytes = (type: string, payload: Buffer): Buffer =>
  Buffer.concat([Buffer.from(`DSSEv1 ${Buffer.byteLength(type)} ${type} ${payload.length} `), payload])

it('stands beside every package, signed by the repository’s key, and is about these bytes', async () => {
  for (const { artifact, target } of build.jobs) {
    const url = artifact?.url ?? ''
    const lines = (await read(`${url}.intoto.jsonl`)).toString().trim().split('\n')
    expect(lines).toHaveLength(2)
    for (const line of lines) {
      const { payloadType, payload, signatures } = JSON.parse(line)
      const bytes = Buffer.from(payload, 'base64')
      writeFileSync(join(folder, 'signed'), signedBytes(payloadType, bytes))
      writeFileSync(join(folder, 'signature'), Buffer.from(signatures[0].sig, 'base64'))
      writeFileSync(join(folder, 'key'), await read(`${platform.url}/r/traced/traced/keys/${signatures[0].keyid}`))
      const verify = ['dgst', '-sha256', '-verify', 'key', '-signature', 'signature', 'signed']
      expect(execFileSync('openssl', verify, { cwd: folder }).toString()).toContain('Verified OK')
      writeFileSync(join(folder, 'signed'), signedBytes(payloadType, Buffer.concat([bytes, Buffer.from(' ')])))
      expect(() => execFileSync('openssl', verify, { cwd: folder, stdio: 'pipe' })).toThrow()
      const statement = JSON.parse(bytes.toString())
      expect([target, statement.subject]).toEqual([
        target,
        [{ name: artifact?.fileName, digest: { sha256: sha256(await read(url)) } }],
      ])
    }
  }
})

it('says what went in, who asked and what was asked for', async () => {
  const job = build.jobs.find(({ target }) => target === 'deb/amd64')
  const [line = ''] = (await read(`${job?.artifact?.url}.intoto.jsonl`)).toString().split('\n')
  const { predicateType, predicate } = JSON.parse(Buffer.from(JSON.parse(line).payload, 'base64').toString())
  expect(predicateType).toBe('https://slsa.dev/provenance/v1')
  const { externalParameters, internalParameters, resolvedDependencies } = predicate.buildDefinition
  expect(externalParameters).toMatchObject({ target: 'deb/amd64', channel: 'stable' })
  expect(internalParameters.requestedBy).toMatchObject({ kind: 'token', name: 'bootstrap' })
  expect(resolvedDependencies).toContainEqual({ name: 'traced.sh', digest: { sha256: sha256(PROGRAM) } })
  expect(resolvedDependencies[0].digest.sha256).toBe(sha256(MANIFEST))
  expect(predicate.runDetails.builder.id).toBe(platform.url)
  expect(Date.parse(predicate.runDetails.metadata.finishedOn)).not.toBeNaN()
})

it('comes with a bill of materials that CycloneDX’s own schema accepts, and with the maker’s own', async () => {
  const validator = new Validation.JsonStrictValidator(Spec.Version.v1dot6)
  for (const { artifact } of build.jobs) {
    const text = (await read(`${artifact?.url}.cdx.json`)).toString()
    expect(await validator.validate(text)).toBeNull()
    const { metadata, components } = JSON.parse(text)
    const purl = PackageURL.fromString(metadata.component.purl)
    expect([purl.namespace, purl.name, purl.version]).toEqual(['traced', 'traced', artifact?.version])
    const program = components.find(({ name }: { name: string }) => name.endsWith('bin/traced'))
    expect(program.hashes).toEqual([{ alg: 'SHA-256', content: sha256(PROGRAM) }])
    expect(JSON.parse((await read(`${artifact?.url}.source.cdx.json`)).toString())).toEqual(OWN)
  }
})

it('a package kept by the server is built from what was uploaded to its slots', async () => {
  const bytes = Buffer.from(PROGRAM)
  const upload = await fetch(`${platform.url}/api/v1/projects/traced/traced/blobs/${sha256(bytes)}`, {
    method: 'PUT',
    headers: { authorization: `Bearer ${access.token}` },
    body: bytes,
  })
  expect(upload.status).toBe(200)
  const manifest = MANIFEST.replace('traced.sh', 'slot:program').replace('name: traced', 'name: slotted')
  const at = '/projects/traced/traced/packages'
  await callApi(access, 'POST', at, { package: 'slotted', manifest, targets: ['deb/amd64', 'arch/amd64'] })
  const file = { sha256: sha256(bytes), sizeBytes: bytes.length, fileName: 'traced' }
  expect((await callApi(access, 'POST', `${at}/slotted/files/program`, file)).status).toBe(201)
  const started = await callApi(access, 'POST', `${at}/slotted/builds`, { version: '2.0.0' })
  const done = await awaitBuild(access, started.body as Build)
  expect(done.state).toBe('published')
  const job = done.jobs.find(({ target }) => target === 'deb/amd64')
  writeFileSync(join(folder, 'slotted.deb'), await read(job?.artifact?.url ?? ''))
  const listed = execFileSync('dpkg-deb', ['--fsys-tarfile', 'slotted.deb'], { cwd: folder })
  expect(execFileSync('tar', ['-xO', './usr/bin/traced'], { input: listed }).toString()).toBe(PROGRAM)
  const [line = ''] = (await read(`${job?.artifact?.url}.intoto.jsonl`)).toString().split('\n')
  const { predicate } = JSON.parse(Buffer.from(JSON.parse(line).payload, 'base64').toString())
  const used = { name: 'slot:program', digest: { sha256: sha256(bytes) } }
  expect(predicate.buildDefinition.resolvedDependencies).toContainEqual(used)
})
