// Our repositories for dnf and zypper against the tool everybody else makes them with: createrepo_c over the same
// packages says the same of each, element by element.
import { readFileSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { rpmEntrySchema } from '@distropack/core/formats/rpm/entry.ts'
import { rpm } from '@distropack/core/formats/rpm/format.ts'
import type { Entry } from '@distropack/core/model/entry.ts'
import type { PackageSpec } from '@distropack/core/model/spec.ts'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { buildTools, memorySink } from '../support/core-host.ts'
import { randomSpec } from '../support/generate.ts'
import { createPublisher, type Publisher, writeTree } from '../support/publisher.ts'
import { requirePrograms } from '../support/required-programs.ts'
import { openRpmHome, type RpmHome } from '../support/rpm.ts'
import { testSigner } from '../support/signers.ts'
import { helloSpec } from '../support/specs.ts'
import { findChild, findChildren, parseXml, type XmlNode } from '../support/xml.ts'

let home: RpmHome
beforeAll(() => {
  requirePrograms('createrepo_c', 'gpg', 'gpgv', 'python3', 'rpmbuild', 'xz')
  home = openRpmHome()
  if (home.spawn(PYTHON, '-c', 'import createrepo_c').status !== 0) {
    throw new Error('createrepo_c’s reader must be there for these tests: apt-get install python3-createrepo-c')
  }
})
afterAll(() => home.close())

/** Debian's own, which has Debian's modules. */
const PYTHON = '/usr/bin/python3'

const BASE_URL = 'https://example.com/r/acme/tool'
const ADDRESS = { baseUrl: BASE_URL, organization: 'acme', project: 'tool', channel: 'stable' }

const build = async (spec: PackageSpec): Promise<Uint8Array> => {
  const sink = memorySink()
  const built = await rpm.build(spec, sink, buildTools)
  if (!built.ok) throw new Error(built.error.message)
  return sink.bytes()
}

/** Everything an index can say: every kind of relation, own files and provides among the needs, libc, odd characters. */
const STRANGER = `Name: stranger
Version: 3
Release: 1
Summary: odd <&> "quoted" 'x'
License: MIT and "more"
Group: A & B
Packager: P <p@example.com>
URL: https://example.com/?a=1&b=2
Requires: libc.so.6(GLIBC_2.4)(64bit)
Requires: libc.so.6(GLIBC_2.34)(64bit)
Requires: libc.so.6()(64bit)
Requires: /usr/bin/stranger
Requires: own-thing = 1
Requires: foreign-thing = 1:2-3
Requires: /usr/share/other
Requires(pre): early
Requires: early
Requires: (a or b >= 2)
Provides: own-thing = 1
Provides: unversioned
Supplements: sup >= 1
Enhances: enh
Recommends: rec < 2:1
Suggests: sug
Conflicts: con <= 1
Obsoletes: obs < 3-4
%description
  indented <first> line

 second & last	with a tab
%install
mkdir -p %{buildroot}/usr/bin "%{buildroot}/etc/a b" %{buildroot}/usr/lib %{buildroot}/opt/x/sbin %{buildroot}/srv
for f in usr/bin/stranger 'etc/a b/c&d<e>' usr/lib/sendmail opt/x/sbin/deep srv/ünïcode; do echo x > "%{buildroot}/$f"; done
ln -s x %{buildroot}/srv/link
%files
/usr/bin/stranger
"/etc/a b"
/usr/lib/sendmail
/opt/x
/srv/*
%ghost /var/log/stranger.log
%ghost %dir /var/cache/stranger
%changelog
* Tue Nov 14 2023 J & Co <j@example.com> - 3-1
- <b>third</b>
* Tue Nov 14 2023 J & Co <j@example.com> - 2-1
- second of the same day
* Tue Nov 14 2023 J & Co <j@example.com> - 1-2
- first of the same day
${Array.from({ length: 12 }, (_, at) => `* Mon Nov ${String(13 - at).padStart(2, '0')} 2023 Old <o@example.com> - 0.${20 - at}\n- change ${at}\n`).join('')}`

const packages = async (): Promise<readonly Uint8Array[]> => {
  const files = [home.rpmbuild(STRANGER), home.rpmbuild(STRANGER.replace('Version: 3', 'Version: 4\nEpoch: 1'))]
  for (let seed = 1; seed <= 20; seed++) {
    const spec = { ...randomSpec(seed), name: `pkg${seed % 5}` }
    const version = { ...spec.version, version: `1.${seed}` }
    const changelog = spec.changelog.map((entry) => ({
      ...entry,
      version: entry.version.replace(spec.version.version, version.version),
    }))
    files.push(await build({ ...spec, version, changelog }))
  }
  files.push(
    await build(
      helloSpec({
        relations: {
          ...helloSpec().relations,
          depends: ['(a or b)', 'x >= 1:2-3'],
          recommends: ['r > 1'],
          conflicts: ['c < 2'],
        },
        changelog: [
          { version: '2', dateSeconds: 5, packager: 'A  ', changes: ['<two>'] },
          { version: '1', dateSeconds: 5, packager: 'A', changes: ['one'] },
        ],
      }),
    ),
  )
  return files
}

const pathOf = (entry: Entry): string => rpm.repository.packagePath(rpmEntrySchema.parse(entry), 'stable')

const publish = async (folder: string): Promise<Publisher> => {
  const publisher = createPublisher(rpm, await testSigner(), ADDRESS)
  for (const file of await packages()) {
    const [entry] = await publisher.add([file])
    const { buildTimeSeconds } = rpmEntrySchema.parse(entry)
    times.set(pathOf(entry!), buildTimeSeconds)
  }
  await writeTree(publisher, folder)
  // createrepo_c states the time of a file; ours is that of the build.
  for (const [path, seconds] of times) utimesSync(join(folder, path), seconds, seconds)
  return publisher
}
/** Of each published package, by its path. */
const times = new Map<string, number>()

/** An element as a value: white space between elements means nothing. */
const shape = (node: XmlNode): unknown => ({
  name: node.name,
  attributes: node.attributes,
  text: node.children.length > 0 ? '' : node.text,
  children: node.children.map(shape),
})

const keyOf = (node: XmlNode): string => node.attributes.pkgid ?? findChild(node, 'checksum').text

const readIndexes = (folder: string): Map<string, XmlNode> => {
  const repomd = parseXml(readFileSync(join(folder, 'repodata/repomd.xml'), 'utf8'))
  return new Map(
    findChildren(repomd, 'data').map((data) => {
      const packed = readFileSync(join(folder, findChild(data, 'location').attributes.href!))
      return [data.attributes.type!, parseXml(gunzipSync(packed).toString('utf8'))] as const
    }),
  )
}

describe('a repository for dnf and zypper', () => {
  it('says of every package what createrepo_c says, in primary, filelists and other', async () => {
    const tree = join(home.folder, 'tree')
    await publish(tree)
    const channel = join(tree, 'rpm/stable')
    const theirs = join(home.folder, 'theirs')
    home.run('mkdir', theirs)
    home.run('createrepo_c', '--no-database', '--compress-type=gz', '--quiet', '--outputdir', theirs, channel)
    const [ours, reference] = [readIndexes(channel), readIndexes(theirs)]
    for (const type of ['primary', 'filelists', 'other']) {
      const [mine, their] = [ours.get(type)!, reference.get(type)!]
      expect(mine.name).toBe(their.name)
      expect(mine.attributes).toEqual(their.attributes)
      const byKey = new Map(mine.children.map((node) => [keyOf(node), node]))
      expect([...byKey.keys()].sort()).toEqual(their.children.map(keyOf).sort())
      for (const node of their.children) expect(shape(byKey.get(keyOf(node))!), type).toEqual(shape(node))
    }
    expect(ours.get('primary')!.children.length).toBe(times.size)
  })

  it('has the advisories that createrepo_c’s own reader finds in it, and would write itself', async () => {
    const updateinfo = readIndexes(join(home.folder, 'tree/rpm/stable')).get('updateinfo')!
    const updates = findChildren(updateinfo, 'update')
    expect(updates.length).toBeGreaterThan(5)
    const types = new Set(updates.map(({ attributes }) => attributes.type))
    expect(types).toEqual(new Set(['enhancement', 'security']))
    const folder = join(home.folder, 'tree/rpm/stable')
    const script = `import createrepo_c as cr, glob, sys
print(cr.UpdateInfo(glob.glob(sys.argv[1] + '/repodata/*-updateinfo.xml.gz')[0]).xml_dump())`
    // It escapes an attribute's ampersand twice (src/xml_dump.c, cr_xmlNewProp_c).
    const theirs = parseXml(home.run(PYTHON, '-c', script, folder).replaceAll('&amp;#38;', '&amp;'))
    expect(shape(updateinfo)).toEqual(shape(theirs))
  })

  it('is read whole by createrepo_c’s own reader, and has nothing left to say when it is read', async () => {
    const publisher = createPublisher(rpm, await testSigner(), ADDRESS)
    const empty = join(home.folder, 'empty')
    await writeTree(publisher, empty)
    const merged = join(home.folder, 'merged')
    const tree = join(home.folder, 'tree/rpm/stable')
    home.run('mergerepo_c', '--no-database', '-r', join(empty, 'rpm/stable'), '-r', tree, '--all', '-o', merged)
    const primary = readIndexes(merged).get('primary')!
    expect(primary.children.length).toBe(times.size)
  })

  it('pins clients to the generation that changed the channel, and to no later one', async () => {
    const publisher = createPublisher(rpm, await testSigner(), ADDRESS)
    const line = async () => {
      const file = (await publisher.files()).find(({ path }) => path === 'rpm/stable/mirrorlist')!
      return new TextDecoder().decode(publisher.materialise(file.content))
    }
    expect(await line()).toBe(`${BASE_URL}/@1/rpm/stable/\n`)
    await publisher.add([await build(helloSpec())])
    expect(await line()).toBe(`${BASE_URL}/@2/rpm/stable/\n`)
    // A generation that another channel or format made: nothing of this one changed.
    await publisher.add([])
    expect(await line()).toBe(`${BASE_URL}/@2/rpm/stable/\n`)
  })

  it('gives versions with an epoch a place of their own', async () => {
    const publisher = createPublisher(rpm, await testSigner(), ADDRESS)
    const entries = await publisher.add([
      await build(helloSpec({ version: { version: '1.0' } })),
      await build(helloSpec({ version: { version: '1.0', epoch: 1 } })),
    ])
    expect(entries.map(pathOf)).toEqual([
      'rpm/stable/Packages/h/hello-1.0-1.x86_64.rpm',
      'rpm/stable/Packages/h/epoch-1/hello-1.0-1.x86_64.rpm',
    ])
  })

  it('has a signature over repomd.xml that gpg verifies with the key beside it', async () => {
    const repodata = join(home.folder, 'tree/rpm/stable/repodata')
    const keys = join(home.folder, 'keys.gpg')
    home.run('gpg', '--batch', '--dearmor', '-o', keys, join(repodata, 'repomd.xml.key'))
    const verify = (file: string) => home.spawn('gpgv', '--keyring', keys, join(repodata, 'repomd.xml.asc'), file)
    expect(verify(join(repodata, 'repomd.xml')).status).toBe(0)
    const text = readFileSync(join(repodata, 'repomd.xml'), 'utf8')
    writeFileSync(join(home.folder, 'changed.xml'), text.replace('<revision>1', '<revision>2'))
    expect(verify(join(home.folder, 'changed.xml')).status).not.toBe(0)
  })
})
