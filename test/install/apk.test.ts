// A published repository, read the way apk-tools read it (apk_client.py), whole and tampered with.
import { execFile, spawnSync } from 'node:child_process'
import { generateKeyPairSync } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { CONFIG, PACKAGE, PROGRAM, type PublishedProject } from '../support/publishing.ts'
import { openHello, sharedPlatform } from '../support/shared-platform.ts'
import { flipMiddleBit, startTamperingProxy, type Tampering } from '../support/tampering-proxy.ts'

const CLIENT = join(import.meta.dirname, 'apk_client.py')

let project: PublishedProject
let folder: string
let keys: string
let keyName: string

beforeAll(async () => {
  project = await openHello()
  folder = mkdtempSync(join(tmpdir(), 'distropack-apk-'))
  keys = join(folder, 'keys')
  mkdirSync(keys)
  keyName = project.rsaKeyName
  const key = await fetch(`${project.repositoryUrl}/keys/${keyName}`)
  expect(key.status).toBe(200)
  writeFileSync(join(keys, keyName), await key.text())
})
afterAll(() => {
  if (folder) rmSync(folder, { recursive: true })
})

interface Installation {
  readonly status: number | null
  readonly stderr: string
  readonly versions: readonly string[]
  readonly paths: readonly string[]
  readonly scripts: readonly string[]
}

/** Never synchronous: the tampering proxy lives in this process. */
const install = (
  origin: string,
  keysFolder: string,
  { arch = 'x86_64', channel = 'stable', into = '' } = {},
): Promise<Installation> => {
  const repository = `${origin}/r/${project.name}/alpine/${channel}`
  const args = [CLIENT, repository, keysFolder, arch, PACKAGE, ...(into ? ['--into', into] : [])]
  return new Promise((resolve) => {
    const child = execFile('python3', args, (_error, stdout, stderr) => {
      const told = stdout ? (JSON.parse(stdout) as Installation) : { versions: [], paths: [], scripts: [] }
      resolve({ ...told, status: child.exitCode, stderr })
    })
  })
}

it('serves its key under exactly the name the signatures carry', async () => {
  expect(keyName).toMatch(/\.rsa\.pub$/)
  expect(await install(sharedPlatform().url, keys)).toMatchObject({ status: 0, stderr: '' })
})

it('installs a program that runs, on every architecture that a package for all belongs to', async () => {
  for (const arch of ['x86_64', 'aarch64']) {
    const into = join(folder, `root-${arch}`)
    const installed = await install(sharedPlatform().url, keys, { arch, into })
    expect(installed).toMatchObject({ status: 0, stderr: '' })
    expect(installed.paths).toEqual(expect.arrayContaining([PROGRAM, CONFIG]))
    expect(installed.scripts).toEqual(expect.arrayContaining(['.post-install', '.pre-deinstall']))
    const env = { PATH: '/usr/bin:/bin', DISTROPACK_HELLO_CONFIG: join(into, CONFIG) }
    expect(spawnSync(join(into, PROGRAM), { encoding: 'utf8', env }).stdout).toBe('Hello, world!\n')
  }
})

/** Each part of the file lies at its own share of it; the middle of a small package is its control part or its data. */
const flipBitAt =
  (share: number): Tampering['change'] =>
  (body) => {
    const changed = Buffer.from(body)
    const position = Math.floor(body.length * share)
    changed[position] = (changed[position] ?? 0) ^ 1
    return changed
  }

it.each([
  { what: 'the index', path: /APKINDEX\.tar\.gz$/, change: flipMiddleBit },
  { what: 'the end of the index', path: /APKINDEX\.tar\.gz$/, change: flipBitAt(0.97) },
  { what: 'the beginning of the package', path: /\.apk$/, change: flipBitAt(0.1) },
  { what: 'the middle of the package', path: /\.apk$/, change: flipMiddleBit },
  { what: 'the end of the package', path: /\.apk$/, change: flipBitAt(0.9) },
])('is refused with one bit changed in $what', async ({ path, change }) => {
  const proxy = await startTamperingProxy(sharedPlatform().url, { path, change })
  const { status, stderr } = await install(proxy.url, keys)
  await proxy.close()
  expect(proxy.changed.map((url) => basename(url))).toHaveLength(1)
  expect(stderr).toMatch(/^refused: /)
  expect(status).toBe(1)
})

it('is refused without its key, and with another key under its name', async () => {
  const none = join(folder, 'no-keys')
  mkdirSync(none)
  expect((await install(sharedPlatform().url, none)).stderr).toMatch(
    /^refused: index: UNTRUSTED signature by .*\.rsa\.pub/,
  )
  const foreign = join(folder, 'foreign-keys')
  mkdirSync(foreign)
  const { publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  writeFileSync(join(foreign, keyName), publicKey.export({ type: 'spki', format: 'pem' }))
  expect((await install(sharedPlatform().url, foreign)).stderr).toMatch(/^refused: index: BAD signature/)
})

it('offers the next version after the next publish', async () => {
  const channel = 'apk'
  await project.publish('1.0.0', channel, ['apk/all'])
  expect(await install(sharedPlatform().url, keys, { channel })).toMatchObject({ status: 0, versions: ['1.0.0'] })
  await project.publish('1.1.0', channel, ['apk/all'])
  const next = await install(sharedPlatform().url, keys, { channel })
  expect(next.status).toBe(0)
  expect(next.versions.join(' ')).toMatch(/1\.1\.0/)
})
