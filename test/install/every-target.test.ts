// One manifest, every format, five architectures, one command and one generation: the machine's own is installed and
// run by every real client, the others are refreshed and fetched by the same clients told to be such a machine.
import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Build } from '@distropack/core/contract/api.ts'
import { deb } from '@distropack/core/formats/deb/format.ts'
import { rpm } from '@distropack/core/formats/rpm/format.ts'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { SUITES } from '../../scripts/testing/roots.ts'
import { addAptSource, aptInstall, openAptRoot } from '../support/apt-root.ts'
import { type ClientRoot, openClientRoot } from '../support/client-root.ts'
import { buildTools, memorySink } from '../support/core-host.ts'
import { complaints, lintian, rpmlint } from '../support/linters.ts'
import { openPacmanRoot, pacman, subscribePacman } from '../support/pacman-root.ts'
import { CONFIG, openProject, PACKAGE, type PublishedProject } from '../support/publishing.ts'
import { requirePrograms } from '../support/required-programs.ts'
import { openRpmHome } from '../support/rpm.ts'
import { openRpmRoot, runZypper, succeed, ZYPP_CONF } from '../support/rpm-root.ts'
import { openHello, sharedPlatform } from '../support/shared-platform.ts'
import { helloSpec } from '../support/specs.ts'

/** Each architecture in the words of Go, of Debian, of rpm's clients and files, of pacman and of apk. */
const ARCHITECTURES = [
  { go: 'amd64', apt: 'amd64', client: 'x86_64', rpm: 'x86_64', pacman: 'x86_64', apk: 'x86_64' },
  { go: 'arm64', apt: 'arm64', client: 'aarch64', rpm: 'aarch64', pacman: 'aarch64', apk: 'aarch64' },
  { go: 'arm7', apt: 'armhf', client: 'armv7hl', rpm: 'armv7hl', pacman: 'armv7h', apk: 'armv7' },
  { go: '386', apt: 'i386', client: 'i686', rpm: 'i386', pacman: 'i686', apk: 'x86' },
  { go: 'riscv64', apt: 'riscv64', client: 'riscv64', rpm: 'riscv64', pacman: 'riscv64', apk: 'riscv64' },
] as const
type Words = (typeof ARCHITECTURES)[number]

const NATIVE = ARCHITECTURES.find(({ go }) => go === (process.arch === 'arm64' ? 'arm64' : 'amd64'))!
const FOREIGN = ARCHITECTURES.filter((words) => words !== NATIVE)
const ARCHIVES = ['tar.gz', 'tar.xz', 'tar.zst', 'zip'] as const
const FORMATS = ['deb', 'rpm', 'arch', 'apk', ...ARCHIVES]
const TARGETS = FORMATS.flatMap((format) => ARCHITECTURES.map(({ go }) => `${format}/${go}`))

// biome-ignore lint/suspicious/noTemplateCurlyInString: the manifest's own notation
const GOARCH = '${GOARCH}'
const MANIFEST = `name: greet
version: 1.0.0
arch: ${GOARCH}
maintainer: A Person <a@example.com>
description: Says for which machine it was built
license: MIT
contents:
  - src: dist/greet-${GOARCH}
    dst: /usr/bin/greet
    expand: true
targets: [${TARGETS.join(', ')}]
`

let folder: string
let project: PublishedProject
let build: Build

const writeSources = (into: string): void => {
  mkdirSync(join(into, 'dist'))
  for (const { go } of ARCHITECTURES) {
    writeFileSync(join(into, `dist/greet-${go}`), `#!/bin/sh\necho "built for ${go}"\n`, { mode: 0o755 })
  }
  writeFileSync(join(into, 'distropack.yaml'), MANIFEST)
}

beforeAll(async () => {
  requirePrograms('makepkg', 'python3', 'openssl')
  folder = mkdtempSync(join(tmpdir(), 'distropack-every-target-'))
  writeSources(folder)
  project = await openProject(sharedPlatform(), 'every', 'target')
  build = await project.publishFolder(folder)
})
afterAll(() => {
  if (folder) rmSync(folder, { recursive: true })
})

const artifactOf = (format: string, go: string) =>
  build.jobs.find(({ target }) => target === `${format}/${go}`)!.artifact!

/** The one file of that name below a folder of the root is the one that was published. */
const expectFetched = async (root: ClientRoot, where: string, format: string, go: string): Promise<void> => {
  const { fileName, sha256 } = artifactOf(format, go)
  const { output } = await root.shell(`find ${where} -name '${fileName}' -exec sha256sum {} +`)
  expect(output.split(' ')[0]).toBe(sha256)
}

const expectGreeting = async (root: ClientRoot, program = '/usr/bin/greet'): Promise<void> =>
  expect((await root.run(program)).output).toBe(`built for ${NATIVE.go}\n`)

it('one command makes every package of every architecture, shown in one generation', () => {
  expect(build.jobs.map(({ target }) => target).sort()).toEqual([...TARGETS].sort())
  expect(new Set(build.jobs.map(({ state }) => state))).toEqual(new Set(['published']))
  expect(new Set(build.jobs.map(({ generation }) => generation)).size).toBe(1)
})

it('an architecture that a format has not is refused with those it has', async () => {
  const args = ['publish', '--project', 'every/target', '--target', 'arch/s390x']
  const refused = await sharedPlatform().cli('none', args, folder)
  const sentence = 'arch has no packages for s390x. Write one of arch/amd64, arch/arm64, '
  expect(refused).toMatchObject({ status: 2, stderr: expect.stringContaining(sentence) })
})

it('two words for one architecture of a format are refused, not built twice', async () => {
  const args = ['publish', '--project', 'every/target', '--target', 'deb/arm6', '--target', 'deb/arm7']
  writeFileSync(join(folder, 'dist/greet-arm6'), '')
  const refused = await sharedPlatform().cli('none', args, folder)
  expect(refused.stderr).toContain('deb/arm6 and deb/arm7 are both greet_1.0.0_armhf.deb: ask for one of them.')
})

describe.each(SUITES)('on %s', (suite) => {
  it('apt fetches each foreign architecture, installs its own and runs it', async () => {
    const root = await openAptRoot(suite)
    await addAptSource(root, project.repositoryUrl, await (await fetch(`${project.repositoryUrl}/key.asc`)).text())
    const beMachine = ({ apt }: Words): Promise<void> =>
      root.write('/etc/apt/apt.conf.d/98machine', `APT::Architecture "${apt}"; APT::Architectures { "${apt}"; };\n`)
    for (const words of FOREIGN) {
      await beMachine(words)
      await succeed(root.run('apt-get', 'update'))
      await succeed(root.shell('cd /tmp && apt-get download greet'))
      await expectFetched(root, '/tmp', 'deb', words.go)
    }
    await beMachine(NATIVE)
    await succeed(root.run('apt-get', 'update'))
    await succeed(aptInstall(root, 'greet'))
    await expectGreeting(root)
  })

  it('dnf and zypper do', async () => {
    const root = await openRpmRoot(suite)
    const repo = await (await fetch(`${project.repositoryUrl}/rpm/stable.repo`)).text()
    for (const path of ['/etc/yum.repos.d/every.repo', '/etc/zypp/repos.d/every.repo']) await root.write(path, repo)
    await root.write('/srv/key.asc', await (await fetch(`${project.repositoryUrl}/key.asc`)).text())
    await succeed(root.run('rpm', '--import', '/srv/key.asc'))
    for (const words of FOREIGN) {
      await succeed(root.run('dnf', `--forcearch=${words.client}`, 'install', '--downloadonly', 'greet'))
      await expectFetched(root, '/var/cache/dnf', 'rpm', words.go)
      await root.write('/etc/zypp/zypp.conf', `${ZYPP_CONF}arch = ${words.client}\n`)
      await succeed(runZypper(root, 'refresh', '--force'))
      await succeed(runZypper(root, 'download', 'greet'))
      await expectFetched(root, '/var/cache/zypp/packages', 'rpm', words.go)
    }
    await root.write('/etc/zypp/zypp.conf', ZYPP_CONF)
    await succeed(root.run('dnf', 'install', 'greet'))
    await expectGreeting(root)
    await succeed(root.run('dnf', 'remove', 'greet'))
    await succeed(runZypper(root, 'refresh', '--force'))
    await succeed(runZypper(root, 'install', 'greet'))
    await expectGreeting(root)
  })

  it('pacman does', async () => {
    const root = await openPacmanRoot(suite)
    await subscribePacman(root, project)
    for (const words of FOREIGN) {
      // One folder of databases a machine: pacman keeps one for all architectures, and knows them by their time.
      const machine = ['--arch', words.pacman, '--dbpath', `/var/lib/pacman-${words.pacman}`]
      await root.run('mkdir', '-p', `/var/lib/pacman-${words.pacman}`)
      await succeed(pacman(root, ...machine, '-Sy'))
      await succeed(pacman(root, ...machine, '-Sw', 'greet'))
      await expectFetched(root, '/var/cache/pacman/pkg', 'arch', words.go)
    }
    await succeed(pacman(root, '-Sy', 'greet'))
    await expectGreeting(root)
  })

  it('tar, zip and install.sh do', async () => {
    const root = await openClientRoot(suite)
    onTestFinished(() => root.close())
    const base = `${project.repositoryUrl}/files/stable`
    const files = build.jobs.flatMap(({ target, artifact }) =>
      ARCHIVES.some((id) => target.startsWith(`${id}/`)) ? [artifact!.fileName] : [],
    )
    expect(files).toHaveLength(ARCHIVES.length * ARCHITECTURES.length)
    const fetchAll = files.map((file) => `-O ${base}/${file}`).join(' ')
    const checked = await root.shell(`cd && set -e
curl -fsSL ${project.repositoryUrl}/key.asc | gpg --batch --quiet --import
curl -fsSL ${fetchAll}
curl -fsSL ${base}/SHA256SUMS.asc | gpg --batch --quiet --yes --output SHA256SUMS --decrypt && sha256sum --check --ignore-missing SHA256SUMS`)
    expect(checked).toMatchObject({ status: 0 })
    expect(checked.output.match(/: OK$/gm)).toHaveLength(files.length)
    for (const id of ARCHIVES) {
      const stem = `greet-1.0.0-linux-${NATIVE.go}`
      const unpack = { 'tar.gz': 'tar -xzf', 'tar.xz': 'tar -xJf', 'tar.zst': 'tar --zstd -xf', zip: 'unzip -q' }[id]
      await succeed(
        root.shell(`cd && rm -rf ${stem} && ${unpack} ${stem}.${id} && PREFIX=/opt/${id} ${stem}/install.sh`),
      )
      await expectGreeting(root, `/opt/${id}/bin/greet`)
    }
  })
})

it.each(ARCHITECTURES)('the reader of apk’s index and packages takes $apk', async ({ go, apk }) => {
  const keys = mkdtempSync(join(tmpdir(), 'distropack-keys-'))
  onTestFinished(() => rmSync(keys, { recursive: true }))
  const key = await (await fetch(`${project.repositoryUrl}/keys/${project.rsaKeyName}`)).text()
  writeFileSync(join(keys, project.rsaKeyName), key)
  const into = join(keys, 'root')
  const repository = `${project.repositoryUrl}/alpine/stable`
  const args = [join(import.meta.dirname, 'apk_client.py'), repository, keys, apk, 'greet', '--into', into]
  const { error, stderr } = await new Promise<{ error: unknown; stderr: string }>((resolve) => {
    execFile('python3', args, (failed, _stdout, said) => resolve({ error: failed, stderr: said }))
  })
  expect({ error, stderr }).toEqual({ error: null, stderr: '' })
  const said = await new Promise((resolve) => execFile(join(into, 'usr/bin/greet'), (_error, text) => resolve(text)))
  expect(said).toBe(`built for ${go}\n`)
})

describe('examples/hello', () => {
  let hello: PublishedProject
  beforeAll(async () => {
    requirePrograms('lintian', 'rpmlint')
    hello = await openHello()
  })

  it('is what lintian and rpmlint want of a package', async () => {
    const home = openRpmHome()
    onTestFinished(() => home.close())
    const fetchBytes = async (path: string) =>
      new Uint8Array(await (await fetch(`${hello.repositoryUrl}/${path}`)).arrayBuffer())
    home.run('rpmkeys', '--import', home.write('key.asc', await fetchBytes('key.asc')))
    const deb = await fetchBytes(`apt/pool/main/d/${PACKAGE}/${PACKAGE}_1.0.0_all.deb`)
    expect(complaints(await lintian(home.write('hello.deb', deb), home.folder))).toEqual([])
    const rpmName = `${PACKAGE}-1.0.0-1.noarch.rpm`
    const rpmFile = home.write(rpmName, await fetchBytes(`rpm/stable/Packages/d/${rpmName}`))
    expect(complaints(await rpmlint(rpmFile, home.folder))).toEqual([])
  })

  it('is complained of without its copyright and its signature', async () => {
    const home = openRpmHome()
    onTestFinished(() => home.close())
    const bare = helloSpec({ items: [], version: { version: '1.0.0' } })
    const build = async (format: typeof deb | typeof rpm) => {
      const sink = memorySink()
      await format.build(bare, sink, buildTools)
      return home.write(format.fileName(bare), sink.bytes())
    }
    expect(complaints(await lintian(await build(deb), home.folder)).join()).toContain('no-copyright-file')
    await expect(lintian(home.write('broken.deb', 'no package'), home.folder)).rejects.toThrow('broken.deb')
    expect(complaints(await rpmlint(await build(rpm), home.folder)).join()).toContain('no-signature')
  })

  it.each(SUITES)('installs from an archive on %s by the lines we tell people to paste', async (suite) => {
    const root = await openClientRoot(suite)
    onTestFinished(() => root.close())
    const commands = await hello.installCommands('tar.gz')
    const { status, output } = await root.shell(`cd && set -e\n${commands.join('\n')}`)
    expect({ commands, status, output }).toMatchObject({ status: 0 })
    expect((await root.run(`/usr/local/bin/${PACKAGE}`)).output).toBe('Hello, world!\n')
    expect(await root.read(CONFIG)).toContain('GREETING=')
  })

  it('is listed among the archives, and the newest version has a name that stays', async () => {
    const channel = 'archives'
    const base = `${hello.repositoryUrl}/files/${channel}`
    for (const version of ['1.0.0', '1.1.0']) {
      await hello.publish(version, channel, ['tar.gz/all', 'zip/all'])
    }
    const listing = (await (await fetch(`${base}/index.json`)).json()) as { files: { file: string }[] }
    const files = listing.files.slice(1).map(({ file }) => file.replace(`${PACKAGE}-`, ''))
    const expected = ['1.0.0', '1.1.0'].flatMap((version) =>
      ['tar.gz', 'zip'].map((suffix) => `${version}-linux-all.${suffix}`),
    )
    expect(files.sort()).toEqual(expected)
    const read = async (path: string) => Buffer.from(await (await fetch(`${base}/${path}`)).arrayBuffer())
    const newest = await read(`latest/${PACKAGE}-linux-all.zip`)
    expect(newest.length).toBeGreaterThan(500)
    expect(newest.equals(await read(`${PACKAGE}-1.1.0-linux-all.zip`))).toBe(true)
  })
})
