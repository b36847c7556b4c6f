// Our apt repositories against Debian's own readers: apt-ftparchive agrees with every field, apt-get installs from them.
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { deb } from '@distropack/core/formats/deb/format.ts'
import type { PackageSpec } from '@distropack/core/model/spec.ts'
import { parseStanza } from '@distropack/core/text/deb822.ts'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { buildTools, inspectTools, memoryFile, memorySink } from '../support/core-host.ts'
import { createPublisher, writeTree } from '../support/publisher.ts'
import { requirePrograms } from '../support/required-programs.ts'
import { testSigner } from '../support/signers.ts'
import { helloSpec } from '../support/specs.ts'

let folder: string
beforeAll(() => {
  requirePrograms('apt-ftparchive', 'apt-get', 'xz')
  folder = mkdtempSync(join(tmpdir(), 'apt-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const build = async (spec: PackageSpec): Promise<Uint8Array> => {
  const sink = memorySink()
  const built = await deb.build(spec, sink, buildTools)
  if (!built.ok) throw new Error(built.error.message)
  return sink.bytes()
}

/** Folded custom fields and triggers, so that stanzas are not all alike. */
const BLOCK = {
  compression: 'gzip:9',
  breaks: ['hullo (<< 2)'],
  fields: { 'Multi-Arch': 'foreign', 'XB-Note': 'one\ntwo' },
}

describe('an apt repository', () => {
  const publish = async () => {
    const publisher = createPublisher(deb, await testSigner(), {
      baseUrl: `file:${folder}/tree`,
      organization: 'acme',
      project: 'tool',
      channel: 'stable',
    })
    const versions = ['1.0', '1.1', '1.2~rc1']
    const files: Uint8Array[] = []
    for (const architecture of ['amd64', 'arm64', 'all', 'mips64le'] as const) {
      for (const version of versions)
        files.push(
          await build(
            helloSpec({
              name: architecture === 'all' ? 'libhello' : 'hello',
              architecture,
              version: { version },
              block: BLOCK,
            }),
          ),
        )
    }
    for (const file of files) await publisher.add([file])
    rmSync(join(folder, 'tree'), { recursive: true, force: true })
    await writeTree(publisher, join(folder, 'tree'))
    return publisher
  }

  const stanzas = (text: string): Map<string, Record<string, string>> => {
    const found = new Map<string, Record<string, string>>()
    for (const stanza of text.split('\n\n').filter((each) => each.trim() !== '')) {
      const fields = parseStanza(`${stanza.trim()}\n`, { comments: false })
      if (!fields.ok) throw new Error(fields.error.message)
      const record = Object.fromEntries(fields.value.fields)
      found.set(record.Filename!, record)
    }
    return found
  }

  it('says of every package what apt-ftparchive says, field by field', async () => {
    await publish()
    const theirs = stanzas(
      execFileSync('apt-ftparchive', ['--no-md5', '--no-sha1', '--no-sha512', 'packages', 'pool'], {
        cwd: join(folder, 'tree/apt'),
        encoding: 'utf8',
      }),
    )
    const ours = new Map<string, Record<string, string>>()
    for (const arch of ['amd64', 'arm64', 'mips64el']) {
      const text = readFileSync(join(folder, `tree/apt/dists/stable/main/binary-${arch}/Packages`), 'utf8')
      for (const [name, record] of stanzas(text)) ours.set(name, record)
      expect(
        execFileSync('gunzip', ['-c', join(folder, `tree/apt/dists/stable/main/binary-${arch}/Packages.gz`)], {
          encoding: 'utf8',
        }),
      ).toBe(text)
      expect(text).toContain('Package: libhello')
    }
    expect([...ours.keys()].sort()).toEqual([...theirs.keys()].sort())
    for (const [name, record] of theirs) expect(ours.get(name), name).toEqual(record)
    expect(ours.has('pool/main/libh/libhello/libhello_1.0_all.deb')).toBe(true)
  })

  /** `path  section/package,section/package`, a line each or joined: as pairs, each once. */
  const contentsPairs = (text: string): readonly string[] => {
    const pairs = text.split('\n').flatMap((line) => {
      const [, path, packages = ''] = /^(.+?)\s+(\S+)$/.exec(line) ?? []
      return packages.split(',').flatMap((name) => (name ? [`${path} ${name}`] : []))
    })
    return [...new Set(pairs)].sort()
  }

  it.each(['amd64', 'mips64el'])(
    'lists in Contents-%s the files that apt-ftparchive finds in its packages',
    async (arch) => {
      await publish()
      const theirs = execFileSync('apt-ftparchive', ['--arch', arch, 'contents', 'pool'], {
        cwd: join(folder, 'tree/apt'),
        encoding: 'utf8',
      })
      const ours = readFileSync(join(folder, `tree/apt/dists/stable/main/Contents-${arch}`), 'utf8')
      // apt-ftparchive takes sections from an archive's override file, which there is none of; ours are the packages' own.
      expect(contentsPairs(ours).map((pair) => pair.replace(/ utils\/(\w+)$/, ' $1'))).toEqual(contentsPairs(theirs))
      expect(contentsPairs(ours)).toEqual(
        expect.arrayContaining(['usr/bin/hello utils/hello', 'usr/bin/hi utils/libhello']),
      )
      const packed = join(folder, `tree/apt/dists/stable/main/Contents-${arch}.gz`)
      expect(execFileSync('gunzip', ['-c', packed], { encoding: 'utf8' })).toBe(ours)
    },
  )

  it('is what apt-get itself updates from, by our .sources file with the key in it', async () => {
    await publish()
    const home = join(folder, 'apt-home')
    for (const part of [
      'lists/partial',
      'cache/archives/partial',
      'etc/preferences.d',
      'etc/apt.conf.d',
      'etc/sources.list.d',
    ])
      mkdirSync(join(home, part), { recursive: true })
    writeFileSync(join(home, 'etc/sources.list.d/acme.sources'), readFileSync(join(folder, 'tree/apt/stable.sources')))
    writeFileSync(join(home, 'status'), '')
    const options = [
      `Dir::Etc=${home}/etc`,
      'Dir::Etc::sourcelist=/dev/null',
      `Dir::State::lists=${home}/lists`,
      `Dir::State::status=${home}/status`,
      `Dir::Cache=${home}/cache`,
      'APT::Architecture=amd64',
      'APT::Architectures::=amd64',
      'APT::Sandbox::User=root',
      'APT::Update::Error-Mode=any',
      'Acquire::Languages=none',
      'Acquire::Check-Valid-Until=true',
    ]
    const args = options.flatMap((option) => ['-o', option])
    const updated = spawnSync('apt-get', [...args, 'update'], { encoding: 'utf8' })
    expect(`${updated.stdout}${updated.stderr}`).not.toMatch(/^(?:W|E|Err)/m)
    expect(updated.status).toBe(0)
    const policy = execFileSync('apt-cache', [...args, 'policy', 'hello'], { encoding: 'utf8' })
    expect(policy).toContain('Candidate: 1.2~rc1')
    expect(policy.match(/^ {5}1\./gm)).toHaveLength(3)
    writeFileSync(
      join(folder, 'tree/apt/dists/stable/InRelease'),
      readFileSync(join(folder, 'tree/apt/dists/stable/InRelease'), 'utf8').replace('Label: tool', 'Label: t0ol'),
    )
    const tampered = spawnSync('apt-get', [...args, 'update'], { encoding: 'utf8' })
    expect(tampered.status).not.toBe(0)
  })

  it('gives versions with an epoch a place of their own in the pool', async () => {
    const paths: string[] = []
    for (const version of [{ version: '1.0' }, { version: '1.0', epoch: 1 }]) {
      const entry = await deb.inspect(memoryFile(await build(helloSpec({ version }))), inspectTools)
      if (entry.ok) paths.push(deb.repository.packagePath(entry.value, 'stable'))
    }
    expect(paths).toEqual([
      'apt/pool/main/h/hello/hello_1.0_amd64.deb',
      'apt/pool/main/h/hello/epoch-1/hello_1.0_amd64.deb',
    ])
  })
})
