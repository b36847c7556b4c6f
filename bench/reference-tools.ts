// What a distribution's own people build the same package with. pacman and apk packages are tar and a codec there
// (makepkg and abuild are scripts around them, with more to do), so that is what they are held against.
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Measured, runMeasured } from './measure.ts'

export interface ReferenceRoom {
  readonly room: string
  /** With the files below opt/bench. */
  readonly root: string
}

const CONTROL = `Package: bench
Version: 1.0.0
Architecture: amd64
Maintainer: Bench <bench@example.com>
Description: Many files
`
/** rpmbuild would else look for programs to strip and for what they need; it wants to have filled its root itself. */
const specOf = (root: string): string => `Name: bench
Version: 1.0.0
Release: 1
Summary: Many files
License: MIT
AutoReqProv: no
%define __os_install_post %{nil}
%define _binary_payload w3.zstdio
%description
Many files
%install
mkdir -p "$RPM_BUILD_ROOT/opt" && cp -a "${join(root, 'opt/bench')}" "$RPM_BUILD_ROOT/opt"
%files
/opt/bench
`

interface Tool {
  readonly name: string
  run(): Promise<Measured>
}

export type ReferenceTools = Readonly<Record<'deb' | 'debGzip' | 'debXz' | 'rpm' | 'apk' | 'arch' | 'all', Tool>>

export const referenceTools = ({ room, root }: ReferenceRoom): ReferenceTools => {
  mkdirSync(join(root, 'DEBIAN'))
  writeFileSync(join(root, 'DEBIAN/control'), CONTROL)
  writeFileSync(join(room, 'bench.spec'), specOf(root))
  const out = (name: string): string => join(room, 'out', name)
  const deb = (...options: readonly string[]): Tool => ({
    name: `dpkg-deb ${options.join(' ')}`,
    run: () => runMeasured('dpkg-deb', ['--root-owner-group', ...options, '--build', root, out('reference.deb')]),
  })
  const tar = (filter: string, level: string, suffix: string): Tool => ({
    name: `bsdtar, ${filter} ${level}`,
    run: () =>
      runMeasured('bsdtar', [
        `--${filter}`,
        `--options=${filter}:compression-level=${level}`,
        '-cf',
        out(`reference.${suffix}`),
        '-C',
        root,
        'opt',
      ]),
  })
  const rpmArguments = ['-bb', '--quiet', '--target', 'x86_64', '--define', `_topdir ${join(room, 'rpmbuild')}`]
  const rpm = { name: 'rpmbuild', run: () => runMeasured('rpmbuild', [...rpmArguments, join(room, 'bench.spec')]) }
  const tools = {
    deb: deb('-Zzstd', '-z3'),
    debGzip: deb('-Zgzip', '-z6'),
    debXz: deb('-Zxz', '-z6'),
    rpm,
    apk: tar('gzip', '6', 'tar.gz'),
    arch: tar('zstd', '3', 'tar.zst'),
  }
  const each = [tools.deb, tools.rpm, tools.arch, tools.arch]
  const all = {
    name: 'dpkg-deb, rpmbuild, bsdtar zstd twice',
    async run(): Promise<Measured> {
      const measured: Measured[] = []
      for (const tool of each) measured.push(await tool.run())
      return {
        seconds: measured.reduce((sum, { seconds }) => sum + seconds, 0),
        cpuSeconds: measured.reduce((sum, { cpuSeconds }) => sum + cpuSeconds, 0),
        peakRssMb: Math.max(...measured.map(({ peakRssMb }) => peakRssMb)),
      }
    },
  }
  return { ...tools, all }
}
