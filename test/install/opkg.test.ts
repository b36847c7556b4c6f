// A feed as opkg reads it, whole and tampered with. No Debian release has opkg: OPKG_CL names a built one (opkg-cl of
// https://git.openwrt.org/project/opkg-lede.git), and opkg_client.py reads in its place where there is none.
import { execFile } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { OWN_KEYS } from '../support/own-keys.ts'
import { openProject, type PublishedProject } from '../support/publishing.ts'
import { requirePrograms } from '../support/required-programs.ts'
import { sharedPlatform } from '../support/shared-platform.ts'
import { flipMiddleBit, startTamperingProxy, type Tampering } from '../support/tampering-proxy.ts'

const STAND_IN = join(import.meta.dirname, 'opkg_client.py')
const OPKG = process.env.OPKG_CL ? [process.env.OPKG_CL] : ['python3', STAND_IN]

/** OpenWrt's own opkg-key calls usign, which is signify under another name. */
const opkgKey = (keys: string) => `#!/bin/sh
set -e
number=$(sed -n 2p "$2" | base64 -d | od -An -tx1 -j2 -N8 | tr -d ' \\n')
gunzip -c < "$3" > "$3.plain"
signify-openbsd -V -q -p "${keys}/$number" -x "$2" -m "$3.plain"
`

let folder: string
let project: PublishedProject
let key: string

const publish = async (version: string, channel: string, architectures: readonly string[]): Promise<void> => {
  const into = mkdtempSync(join(folder, 'source-'))
  writeFileSync(join(into, 'greet'), `#!/bin/sh\necho ${version}\n`, { mode: 0o755 })
  writeFileSync(join(into, 'greet.conf'), `word=${version}\n`)
  writeFileSync(join(into, 'postinstall.sh'), '#!/bin/sh\nexit 0\n')
  writeFileSync(
    join(into, 'distropack.yaml'),
    `name: greet
version: ${version}
maintainer: A Person <a@example.com>
description: |
  Greets
  in two lines
license: MIT
depends: [libc]
ipk:
  arch: aarch64_cortex-a53
contents:
  - { src: greet, dst: /usr/bin/greet }
  - { src: greet.conf, dst: /etc/greet.conf, type: config }
  - { src: /usr/bin/greet, dst: /usr/bin/hello, type: symlink }
scripts: { postinstall: postinstall.sh }
targets: [${architectures.map((arch) => `ipk/${arch}`).join(', ')}]
`.replace(/ipk:\n.*\n/, architectures.includes('all') ? '' : '$&'),
  )
  await project.publishFolder(into, channel)
}

beforeAll(async () => {
  requirePrograms('python3', 'signify-openbsd', 'busybox')
  folder = mkdtempSync(join(tmpdir(), 'distropack-opkg-'))
  project = await openProject(sharedPlatform(), 'opkg', 'greet', OWN_KEYS)
  await publish('1.0.0', 'stable', ['arm64'])
  await publish('1.0.0', 'every', ['all'])
  const { commands } = await project.instruction('ipk')
  key = /^wget -O (\/\S+) (\S+\/keys\/([0-9a-f]{16}))$/m.exec(commands.join('\n'))?.[2] ?? ''
  expect(key).not.toBe('')
  writeFileSync(join(folder, 'wget'), '#!/bin/sh\nexec busybox wget "$@"\n', { mode: 0o755 })
})
afterAll(() => {
  if (folder) rmSync(folder, { recursive: true })
})

interface Router {
  readonly path: (...segments: readonly string[]) => string
  /** Never synchronous: the tampering proxy lives in this process. */
  readonly opkg: (...args: readonly string[]) => Promise<{ status: number | null; said: string }>
}

interface RouterOptions {
  readonly origin?: string
  readonly channel?: string
  readonly arch?: string
  readonly change?: (keys: string) => void
}

const openRouter = async (options: RouterOptions = {}): Promise<Router> => {
  const { origin = sharedPlatform().url, channel = 'stable', arch = 'aarch64_cortex-a53', change } = options
  const root = mkdtempSync(join(folder, 'root-'))
  const path = (...segments: readonly string[]) => join(root, ...segments)
  for (const each of ['etc/opkg/keys', 'tmp', 'usr/lib/opkg/info', 'var/lock'])
    mkdirSync(path(each), { recursive: true })
  writeFileSync(path('etc/opkg/keys', key.split('/').at(-1)!), await (await fetch(key)).text())
  change?.(path('etc/opkg/keys'))
  writeFileSync(path('opkg-key'), opkgKey(path('etc/opkg/keys')), { mode: 0o755 })
  const conf = path('etc/opkg.conf')
  writeFileSync(
    conf,
    `dest root /
lists_dir ext /var/opkg-lists
option check_signature
option verify_program ${path('opkg-key')}
option tmp_dir ${path('tmp')}
arch all 1
arch ${arch} 10
src/gz greet ${origin}/r/${project.name}/opkg/${channel}/${arch}
`,
  )
  // What every router has.
  const libc = 'Package: libc\nVersion: 1.2.5\nArchitecture: all\nStatus: install ok installed\n\n'
  writeFileSync(path('usr/lib/opkg/status'), libc)
  const opkg: Router['opkg'] = (...args) =>
    new Promise((resolve) => {
      const [program, ...first] = [...OPKG, '--conf', conf, '--offline-root', root, ...args]
      const env = { ...process.env, PATH: `${folder}:${process.env.PATH}` }
      const child = execFile(program!, first, { env }, (_error, stdout, stderr) =>
        resolve({ status: child.exitCode, said: stdout + stderr }),
      )
    })
  return { path, opkg }
}

const run = (router: Router, program: string): string => readFileSync(router.path(program), 'utf8').split(' ').at(-1)!

it('refreshes, installs, upgrades around a changed configuration, and removes', async () => {
  const channel = 'upgrade'
  await publish('1.0.0', channel, ['arm64'])
  const router = await openRouter({ channel })
  expect(await router.opkg('update')).toMatchObject({ status: 0 })
  expect(await router.opkg('install', 'greet')).toMatchObject({ status: 0 })
  expect(run(router, 'usr/bin/greet')).toBe('1.0.0\n')
  expect(readdirSync(router.path('usr/lib/opkg/info')).sort()).toEqual(
    expect.arrayContaining(['greet.conffiles', 'greet.control', 'greet.list', 'greet.postinst']),
  )
  writeFileSync(router.path('etc/greet.conf'), 'word=mine\n')

  await publish('1.1.0', channel, ['arm64'])
  await router.opkg('update')
  expect(await router.opkg('upgrade', 'greet')).toMatchObject({ status: 0 })
  expect(run(router, 'usr/bin/greet')).toBe('1.1.0\n')
  expect(readFileSync(router.path('etc/greet.conf'), 'utf8')).toBe('word=mine\n')
  expect(readFileSync(router.path('etc/greet.conf-opkg'), 'utf8')).toBe('word=1.1.0\n')

  expect(await router.opkg('remove', 'greet')).toMatchObject({ status: 0 })
  expect(existsSync(router.path('usr/bin/greet'))).toBe(false)
})

it.each(['x86_64', 'aarch64_generic'])('a package for all is beside the list of %s', async (arch) => {
  const router = await openRouter({ channel: 'every', arch })
  expect(await router.opkg('update')).toMatchObject({ status: 0 })
  expect(await router.opkg('install', 'greet')).toMatchObject({ status: 0 })
  expect(run(router, 'usr/bin/greet')).toBe('1.0.0\n')
})

const REFUSAL = /Signature (?:check|file download) failed|Packages\.sig: HTTP Error 404/
const LIST = /Packages\.gz$/
const SIGNATURE = /Packages\.sig$/

it.each<Tampering & { what: string }>([
  { what: 'a bit of the list changed', path: LIST, change: flipMiddleBit },
  { what: 'a bit of the signature changed', path: SIGNATURE, change: flipMiddleBit },
  { what: 'no signature', path: SIGNATURE, change: () => undefined },
])('refuses a feed with $what', async (tampering) => {
  const proxy = await startTamperingProxy(sharedPlatform().url, tampering)
  const router = await openRouter({ origin: proxy.url })
  const { said } = await router.opkg('update')
  const installed = await router.opkg('install', 'greet')
  await proxy.close()
  expect(proxy.changed).not.toEqual([])
  expect(said).toMatch(REFUSAL)
  expect(installed.said).toContain('Unknown package')
  expect(existsSync(router.path('usr/bin/greet'))).toBe(false)
})

it('refuses a package with a bit changed', async () => {
  const proxy = await startTamperingProxy(sharedPlatform().url, { path: /\.ipk$/, change: flipMiddleBit })
  const router = await openRouter({ origin: proxy.url })
  expect(await router.opkg('update')).toMatchObject({ status: 0 })
  const installed = await router.opkg('install', 'greet')
  await proxy.close()
  expect(proxy.changed).not.toEqual([])
  expect(installed.said).toMatch(/mismatch/)
  expect(existsSync(router.path('usr/bin/greet'))).toBe(false)
})

it.each<{ what: string; change: (keys: string) => void }>([
  { what: 'without the key', change: (keys) => rmSync(keys, { recursive: true }) },
  {
    what: 'with another key under its name',
    change: (keys) => {
      const [name] = readdirSync(keys)
      const [comment, line] = readFileSync(join(keys, name!), 'utf8').split('\n')
      const bytes = Buffer.from(line!, 'base64')
      bytes[20] = bytes[20]! ^ 1
      writeFileSync(join(keys, name!), `${comment}\n${bytes.toString('base64')}\n`)
    },
  },
])('refuses a feed $what', async ({ change }) => {
  const router = await openRouter({ change })
  expect((await router.opkg('update')).said).toMatch(REFUSAL)
  expect((await router.opkg('install', 'greet')).said).toContain('Unknown package')
  expect(existsSync(router.path('usr/bin/greet'))).toBe(false)
})
