// What users of other tools complain about, one test each where a repository's files can show it. The list and where
// the others are tested: docs/pitfalls.md; the last test holds that list to account.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { findFormat } from '@distropack/core/registry.ts'
import { describe, expect, it } from 'vitest'
import { buildTools, inspectTools, memoryFile, memorySink } from '../support/core-host.ts'
import { createPublisher, sealed } from '../support/publisher.ts'
import { publicKeysOf, testSigner } from '../support/signers.ts'
import { helloSpec } from '../support/specs.ts'

const ADDRESS = { baseUrl: 'https://example.com/r/acme/tool', organization: 'acme', project: 'tool', channel: 'stable' }
const ROOT = join(import.meta.dirname, '../..')

const formatOf = (id: string) => {
  const format = findFormat(id)
  if (!format) throw new Error(`no format ${id}`)
  return format
}

const buildVersion = async (id: string, version: string, changes: object = {}): Promise<Uint8Array> => {
  const sink = memorySink()
  const spec = helloSpec({ version: { version }, block: {}, changelog: [], ...changes })
  const built = await formatOf(id).build(spec, sink, buildTools)
  if (!built.ok) throw new Error(built.error.message)
  return sink.bytes()
}

const openRepository = async (id: string, versions: readonly string[]) => {
  const publisher = createPublisher(formatOf(id), await testSigner(), ADDRESS)
  for (const version of versions) await publisher.add([await buildVersion(id, version)])
  const files = await publisher.files()
  const read = (end: string): Uint8Array => {
    const file = files.find(({ path }) => path.endsWith(end))
    if (!file) throw new Error(`no file ends with ${end}; there are ${files.map(({ path }) => path).join(' ')}`)
    return publisher.materialise(file.content)
  }
  return { publisher, files, read, text: (end: string) => new TextDecoder().decode(read(end)) }
}

const instructionsOf = async (id: string): Promise<string> => {
  const keys = publicKeysOf(await testSigner())
  const { commands, note = '' } = formatOf(id).repository.instructions(
    { ...ADDRESS, isPrivate: false },
    ['hello'],
    keys,
  )
  return `${commands.join('\n')}\n${note}`
}

it('pitfall 03: an apt index is fetched by its hash, and the one before stays under its own', async () => {
  const { publisher, files, text } = await openRepository('deb', ['1.0'])
  expect(text('stable/Release')).toContain('Acquire-By-Hash: yes')
  const before = files.filter(({ path }) => path.includes('/by-hash/'))
  await publisher.add([await buildVersion('deb', '2.0')])
  const after = await publisher.files()
  for (const { path, lifetime, content } of before) {
    expect(lifetime).toBe('content')
    const same = after.find((file) => file.path === path)
    if (same) expect(same.content.sha256).toBe(content.sha256)
    expect(publisher.materialise(content).length, path).toBe(content.sizeBytes)
  }
})

it('pitfall 04: dnf and zypper get repomd.xml and its signature from one named generation', async () => {
  const { text } = await openRepository('rpm', ['1.0'])
  expect(text('rpm/stable/mirrorlist')).toMatch(/^https:\/\/example\.com\/r\/acme\/tool\/@\d+\/rpm\/stable\/?\n$/)
  expect(text('stable.repo')).toMatch(/^mirrorlist=/m)
})

it('pitfall 06: one more package renders and compresses its own rows, not the repository', async () => {
  const versions = Array.from({ length: 120 }, (_, i) => `1.${i}`)
  const { publisher } = await openRepository('deb', versions)
  const segmentsOf = () =>
    new Set([...publisher.streams.values()].flatMap(({ segments }) => segments.map(({ blob }) => blob)))
  const before = segmentsOf()
  await publisher.add([await buildVersion('deb', '2.0')])
  const fresh = [...publisher.streams.values()].flatMap(({ segments }) =>
    segments.filter(({ blob }) => !before.has(blob)),
  )
  const all = [...publisher.streams.values()].flatMap(({ segments }) => segments)
  const bytes = (some: typeof all) => some.reduce((sum, { rawBytes }) => sum + rawBytes, 0)
  expect(fresh.length).toBeGreaterThan(0)
  expect(bytes(fresh)).toBeLessThan(bytes(all) / 4)
})

it('pitfall 08: what serves readers knows no plan, no quota and no database', () => {
  const folder = join(ROOT, 'workers/fileserver')
  const source = readdirSync(folder)
    .filter((name) => name.endsWith('.ts'))
    .map((name) => readFileSync(join(folder, name), 'utf8'))
    .join('\n')
  expect(source).not.toMatch(/quota|402|429|DB\b|D1Database/)
  expect(readFileSync(join(folder, 'wrangler.toml'), 'utf8')).not.toMatch(
    /d1_databases|durable_objects|queues|ratelimit/,
  )
})

it('pitfall 14: every rpm is signed in its header, and readers are told to check both', async () => {
  const { bytes } = await sealed(formatOf('rpm'), await buildVersion('rpm', '1.0'), await testSigner())
  const unsigned = await formatOf('rpm').inspect(memoryFile(bytes), inspectTools)
  expect(unsigned.ok).toBe(true)
  // Tag 268 (RSAHEADER) in the signature header: rpm's lib/rpmtag.h.
  const signatureHeader = Buffer.from(bytes.subarray(96, 96 + 4096))
  expect(signatureHeader.includes(Buffer.from([0, 0, 1, 12]))).toBe(true)
  const { text } = await openRepository('rpm', ['1.0'])
  expect(text('stable.repo')).toMatch(/^gpgcheck=1$/m)
  expect(text('stable.repo')).toMatch(/^repo_gpgcheck=1$/m)
})

it('pitfall 15: apk’s key is served under exactly the name its signatures carry', async () => {
  const { rsa } = await testSigner()
  const { files, read } = await openRepository('apk', ['1.0'])
  expect(files.map(({ path }) => path)).toContain(`keys/${rsa.keyName}`)
  const index = gunzipSync(Buffer.from(read('x86_64/APKINDEX.tar.gz')))
  expect(index.toString('latin1')).toContain(`.SIGN.RSA256.${rsa.keyName}`)
  expect(await instructionsOf('apk')).toContain(`/etc/apk/keys/${rsa.keyName}`)
})

it('pitfall 17: apt keeps every version on offer', async () => {
  const { text } = await openRepository('deb', ['1.0', '2.0'])
  const packages = text('binary-amd64/Packages')
  expect([...packages.matchAll(/^Version: (.*)$/gm)].map(([, version]) => version)).toEqual(['1.0', '2.0'])
})

it('pitfall 18: zypper finds repomd.xml.key beside the signature', async () => {
  const { text } = await openRepository('rpm', [])
  expect(text('repodata/repomd.xml.key')).toContain('BEGIN PGP PUBLIC KEY BLOCK')
  expect(text('repodata/repomd.xml.asc')).toContain('BEGIN PGP SIGNATURE')
})

it('pitfall 19: apt’s lines trust the key for this repository alone, never apt-key or trusted.gpg.d', async () => {
  const instructions = await instructionsOf('deb')
  expect(instructions).not.toMatch(/apt-key|trusted\.gpg/)
  const { text } = await openRepository('deb', [])
  expect(text('stable.sources')).toMatch(/^Signed-By:\n -----BEGIN PGP PUBLIC KEY BLOCK-----/m)
})

it('pitfall 20: the .repo file has nothing but what dnf 4, dnf 5 and zypper all parse, and no config-manager is asked for', async () => {
  const { text } = await openRepository('rpm', [])
  for (const line of text('stable.repo').trim().split('\n')) expect(line).toMatch(/^(\[[\w.-]+\]|[a-z_]+=\S.*)$/)
  expect(await instructionsOf('rpm')).not.toContain('config-manager')
})

it('pitfall 21: rpm metadata is gzip, which every yum reads', async () => {
  const { files, read } = await openRepository('rpm', ['1.0'])
  const metadata = files.filter(({ path }) => /-(primary|filelists|other)\.xml/.test(path))
  expect(metadata.length).toBe(3)
  for (const { path } of metadata) expect([path.slice(-3), ...read(path).subarray(0, 2)]).toEqual(['.gz', 0x1f, 0x8b])
})

it('pitfall 22: a .deb is xz unless somebody asks for zstd, which Debian 11 cannot read', async () => {
  const deb = Buffer.from(await buildVersion('deb', '1.0'))
  expect(deb.includes('data.tar.xz')).toBe(true)
  expect(deb.includes('.zst')).toBe(false)
})

describe('the list of pitfalls', () => {
  const testsBelow = (folder: string): string[] =>
    readdirSync(join(ROOT, folder), { withFileTypes: true }).flatMap((entry) => {
      const path = `${folder}/${entry.name}`
      if (entry.isDirectory()) return entry.name === 'node_modules' ? [] : testsBelow(path)
      return entry.name.endsWith('.test.ts') ? [path] : []
    })

  it('names for each of the twenty-five a test that exists and names it back, or says why there is none', () => {
    const rows = [...readFileSync(join(ROOT, 'docs/pitfalls.md'), 'utf8').matchAll(/^\| (\d\d) \|.*\| (.+) \|$/gm)]
    expect(rows.map(([, number]) => number)).toEqual(
      Array.from({ length: 25 }, (_, i) => String(i + 1).padStart(2, '0')),
    )
    const tests = new Set(['test', 'core', 'cli', 'containers', 'workers'].flatMap(testsBelow))
    for (const [, number = '', where = ''] of rows) {
      const named = [...where.matchAll(/`([^`]+\.test\.ts)`/g)].map(([, path]) => path ?? '')
      if (named.length === 0) expect(where, number).toMatch(/^Not tested: .{40,}/)
      for (const path of named) {
        expect(tests.has(path), `${number} names ${path}`).toBe(true)
        const text = readFileSync(join(ROOT, path), 'utf8')
        expect(text, `${path} names pitfall ${number}`).toMatch(new RegExp(`pitfalls?[^\\n]*\\b${number}\\b`))
      }
    }
  })
})
