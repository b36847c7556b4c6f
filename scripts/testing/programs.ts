// The programs of other people that tests hold ours against, and which Debian packages have them. A test file says
// which it starts (`requirePrograms`, test/support); `npm test` reads that, and leaves out the files that cannot run.
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const GO_APK_VERSION = '/usr/share/gocode/src/github.com/knqyf263/go-apk-version/version_testcase.go'

/** By name, or by the path of what is no program. Debian and Ubuntu name the packages alike. */
export const PROGRAMS = {
  ar: ['binutils'],
  'apt-ftparchive': ['apt-utils'],
  'apt-get': ['apt'],
  bash: ['bash'],
  bsdtar: ['libarchive-tools'],
  busybox: ['busybox'],
  bzip2: ['bzip2'],
  cpio: ['cpio'],
  createrepo_c: ['createrepo-c', 'python3-createrepo-c'],
  dash: ['dash'],
  dpkg: ['dpkg'],
  'dpkg-deb': ['dpkg'],
  'dpkg-parsechangelog': ['dpkg-dev'],
  gpg: ['gnupg'],
  gpgv: ['gpgv'],
  groff: ['groff-base'],
  lintian: ['lintian'],
  makepkg: ['makepkg'],
  openssl: ['openssl'],
  pacman: ['pacman-package-manager'],
  python3: ['python3'],
  // Its library files are makepkg's.
  'repo-add': ['pacman-package-manager', 'makepkg'],
  rpm: ['rpm'],
  rpm2cpio: ['rpm2cpio'],
  rpmbuild: ['rpm'],
  rpmkeys: ['rpm'],
  rpmlint: ['rpmlint'],
  rpmspec: ['rpm'],
  shellcheck: ['shellcheck'],
  'signify-openbsd': ['signify-openbsd'],
  unzip: ['unzip'],
  vercmp: ['pacman-package-manager'],
  xz: ['xz-utils'],
  zstd: ['zstd'],
  // apk-tools' own table of versions.
  [GO_APK_VERSION]: ['golang-github-knqyf263-go-apk-version-dev'],
} as const satisfies Readonly<Record<string, readonly string[]>>

export type Program = keyof typeof PROGRAMS

/** What makes client roots; the keyring for when this machine is an Ubuntu. */
export const ROOT_MAKERS = ['mmdebstrap', 'debian-archive-keyring'] as const

export interface TestFile {
  /** From the repository's root. */
  readonly path: string
  readonly code: string
}

/** The parts whose files may start such programs: projects of vitest.config.ts. What runs in workerd starts none. */
export type Part = 'unit' | 'e2e' | 'install' | 'sid'

export const partOf = (path: string): Part | 'workers' => {
  if (/^(test\/)?workers\//.test(path)) return 'workers'
  const [, folder] = /^test\/(e2e|install|sid)\//.exec(path) ?? []
  return (folder as Part | undefined) ?? 'unit'
}

const isProgram = (name: string): name is Program => name in PROGRAMS

/** What a test file says it starts. */
export const programsOf = ({ code }: TestFile): readonly Program[] =>
  [...code.matchAll(/\brequirePrograms\(([^)]*)\)/g)]
    .flatMap(([, names = '']) => [...names.matchAll(/'([^']+)'/g)].map(([, name = '']) => name))
    .filter(isProgram)

export const packagesOf = (file: TestFile): ReadonlySet<string> =>
  new Set(programsOf(file).flatMap((program) => PROGRAMS[program]))

export const readTestFiles = (root: string): readonly TestFile[] =>
  globSync('{core,cli,containers,scripts,test,workers}/**/*.test.ts', {
    cwd: root,
    exclude: (name) => name.endsWith('node_modules'),
  })
    .sort()
    .map((path) => ({ path, code: readFileSync(join(root, path), 'utf8') }))
