// One signing key follows another (pitfall 13), and no reader notices. Three kinds of readers: who has the old key alone,
// who came later and has the new one alone, and who fetched what the repository gives out while both were in use.
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { SigningKey } from '@distropack/core/contract/keys.ts'
import { beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest'
import { SUITES, type Suite } from '../../scripts/testing/roots.ts'
import { addAptSource, aptInstall, openAptRoot } from '../support/apt-root.ts'
import { type ClientRoot, openClientRoot, type Ran } from '../support/client-root.ts'
import { OWN_KEYS } from '../support/own-keys.ts'
import { openPacmanRoot, pacman } from '../support/pacman-root.ts'
import { openProject, PACKAGE, type PublishedProject } from '../support/publishing.ts'
import { requirePrograms } from '../support/required-programs.ts'
import { dnf, type RpmClient, zypper } from '../support/rpm-clients.ts'
import { openRpmRoot, succeed } from '../support/rpm-root.ts'
import { sharedPlatform } from '../support/shared-platform.ts'

let project: PublishedProject
/** Armored: the first key, the second, and what key.asc holds while both are in use. */
const keys = { old: '', next: '', both: '' }
/** apk's, as files for /etc/apk/keys. */
const rsa = new Map<'old' | 'next', SigningKey>()

const read = async (path: string): Promise<string> => (await fetch(`${project.repositoryUrl}/${path}`)).text()
const listKeys = async (): Promise<readonly SigningKey[]> =>
  ((await project.run('keys', 'list')) as { keys: SigningKey[] }).keys
const find = (all: readonly SigningKey[], kind: string, state: string): SigningKey =>
  all.find((key) => key.kind === kind && key.state === state)!

/** A limit for what would never come. */
const PATIENCE = { timeout: 120_000, interval: 100 }

/** Until the publisher has signed with the keys as they are now. */
const untilServed = async (isServed: (keyFile: string) => boolean): Promise<string> => {
  const isNow = async (): Promise<string | undefined> => {
    const keyFile = await read('key.asc')
    return isServed(keyFile) ? keyFile : undefined
  }
  return vi.waitUntil(isNow, PATIENCE)
}

beforeAll(async () => {
  requirePrograms('makepkg', 'python3', 'openssl')
  project = await openProject(sharedPlatform(), 'rotated', 'hello', OWN_KEYS)
  await project.publish('1.0.0')
  keys.old = await read('key.asc')
  rsa.set('old', find(await listKeys(), 'rsa', 'signing'))
})

const aptInstalls = async (suite: Suite, key: string, version: string): Promise<void> => {
  const root = await openAptRoot(suite)
  await addAptSource(root, project.repositoryUrl, key)
  const updated = await root.run('apt-get', 'update')
  expect({ ...updated, warnings: updated.output.match(/^(W|E|Err):.*$/gm) }).toMatchObject({
    status: 0,
    warnings: null,
  })
  await succeed(aptInstall(root, `${PACKAGE}=${version}`))
}

const openSubscribed = async (suite: Suite, client: RpmClient, key: string): Promise<ClientRoot> => {
  const root = await openRpmRoot(suite)
  await client.subscribe(root, `${project.repositoryUrl}/rpm/stable`, key)
  return root
}

const rpmInstalls = async (suite: Suite, client: RpmClient, key: string, version: string): Promise<void> => {
  const root = await openSubscribed(suite, client, key)
  await succeed(client.refresh(root))
  await succeed(client.install(root))
  expect((await root.run('rpm', '-q', '--qf', '%{VERSION}', PACKAGE)).output).toBe(version)
}

/** `trusted`: fingerprints a reader signed locally; the key file may hold more. */
const pacmanInstalls = async (suite: Suite, keyFile: string, trusted: readonly string[]): Promise<Ran> => {
  const root = await openPacmanRoot(suite)
  await root.write('/srv/key.asc', keyFile)
  const trust = trusted.map((name) => `pacman-key --lsign-key ${name}`).join(' && ')
  await succeed(root.shell(`pacman-key --add /srv/key.asc && ${trust}`))
  const server = `${project.repositoryUrl}/arch/stable/$arch`
  const section = `[rotated-hello]\nSigLevel = Required DatabaseRequired\nServer = ${server}\n`
  await root.write('/etc/pacman.conf', `${await root.read('/etc/pacman.conf')}${section}`)
  return pacman(root, '-Sy', PACKAGE)
}

/** apk's reader with one of the keys; it wants a good signature of the package as well. */
const apkReads = async (which: 'old' | 'next'): Promise<string> => {
  const folder = mkdtempSync(join(tmpdir(), 'distropack-keys-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const { name, publicKey } = rsa.get(which)!
  writeFileSync(join(folder, name), publicKey)
  const client = join(import.meta.dirname, 'apk_client.py')
  const args = [client, `${project.repositoryUrl}/alpine/stable`, folder, 'x86_64', PACKAGE]
  return new Promise((resolve) => execFile('python3', args, (_error, _stdout, stderr) => resolve(stderr)))
}

const fingerprints = (all: readonly SigningKey[]): readonly string[] =>
  all.filter(({ kind, state }) => kind === 'openpgp' && state !== 'revoked').map(({ name }) => name)

describe('while the next key is there beside the old one', () => {
  beforeAll(async () => {
    const { keys: made } = (await project.run('keys', 'rotate')) as { keys: SigningKey[] }
    keys.next = find(made, 'openpgp', 'next').publicKey
    rsa.set('next', find(made, 'rsa', 'next'))
    keys.both = await untilServed((keyFile) => keyFile.length > keys.old.length * 1.5)
    await project.publish('1.1.0')
  })

  it('a second rotation is refused until this one is over', async () => {
    await expect(project.run('keys', 'rotate')).rejects.toThrow(/Retire the old ones/)
  })

  it.each(SUITES)('apt of %s reads on with the old key, with the new one, and with both', async (suite) => {
    for (const key of [keys.old, keys.next, keys.both]) await aptInstalls(suite, key, '1.1.0')
  })

  it.each(SUITES)('apt of %s is given both by the file it subscribes with', async (suite) => {
    const root = await openAptRoot(suite)
    await root.write('/etc/apt/sources.list.d/hello.sources', await read('apt/stable.sources'))
    await succeed(root.run('apt-get', 'update'))
    const signedBy = (await read('apt/stable.sources')).split('Signed-By:')[1] ?? ''
    expect(signedBy.match(/BEGIN PGP/g)).toHaveLength(1)
    expect(signedBy.length).toBeGreaterThan(keys.old.length * 1.5)
  })

  it.each(SUITES)(
    'dnf of %s installs with the old key and with both; an index it reads with the new one too',
    async (suite) => {
      for (const key of [keys.old, keys.both]) await rpmInstalls(suite, dnf, key, '1.1.0')
      // A package has one signature, and it is the old key's until that is retired.
      const root = await openSubscribed(suite, dnf, keys.next)
      await succeed(dnf.refresh(root))
      expect((await dnf.install(root)).status).not.toBe(0)
    },
  )

  it.each(SUITES)(
    'zypper of %s, which looks at the first signature alone, installs with the old key and with both',
    async (suite) => {
      for (const key of [keys.old, keys.both]) await rpmInstalls(suite, zypper, key, '1.1.0')
    },
  )

  it.each(SUITES)(
    'pacman of %s, whose signatures are one each, installs with the old key and by the lines to paste',
    async (suite) => {
      const all = await listKeys()
      const [signing] = fingerprints(all)
      await succeed(pacmanInstalls(suite, keys.old, [signing!]))
      const lines = await project.installCommands('arch')
      expect(lines.filter((line) => line.startsWith('pacman-key --lsign-key'))).toHaveLength(2)
      await succeed(pacmanInstalls(suite, keys.both, fingerprints(all)))
    },
  )

  it('apk takes index and packages with either key', async () => {
    expect([await apkReads('old'), await apkReads('next')]).toEqual(['', ''])
  })

  it.each(SUITES)(
    'checksums are signed by the old key alone, for gpg of %s fails where it knows one of two',
    async (suite) => {
      const root = await openClientRoot(suite)
      onTestFinished(() => root.close())
      await root.write('/srv/key.asc', keys.old)
      const sums = `${project.repositoryUrl}/files/stable/SHA256SUMS.asc`
      await succeed(
        root.shell(`gpg --batch --quiet --import /srv/key.asc && curl -fsSL ${sums} | gpg --batch --verify`),
      )
    },
  )
})

describe('when the old key is retired', () => {
  beforeAll(async () => {
    const first = await read('apt/dists/stable/InRelease')
    await project.run('keys', 'retire')
    await vi.waitUntil(async () => (await read('apt/dists/stable/InRelease')) !== first, PATIENCE)
    await project.publish('1.2.0')
  })

  it('the next one signs, and the old one is given out for packages it signed', async () => {
    expect((await listKeys()).map(({ kind, state }) => `${kind} ${state}`).sort()).toEqual(
      ['openpgp', 'rsa', 'usign'].flatMap((kind) => [`${kind} retired`, `${kind} signing`]),
    )
    expect((await read('key.asc')).length).toBeGreaterThan(keys.old.length * 1.5)
    await expect(project.run('keys', 'retire')).rejects.toThrow(/Rotate first/)
  })

  it.each(SUITES)(
    'every client of %s reads on with what it fetched meanwhile, and with the new key alone',
    async (suite) => {
      for (const key of [keys.both, keys.next]) await aptInstalls(suite, key, '1.2.0')
      await rpmInstalls(suite, dnf, keys.next, '1.2.0')
      await rpmInstalls(suite, zypper, keys.both, '1.2.0')
      await succeed(pacmanInstalls(suite, keys.both, fingerprints(await listKeys())))
      expect(await apkReads('next')).toBe('')
    },
  )

  it.each(SUITES)('apt and dnf of %s refuse it with the old key alone', async (suite) => {
    const root = await openAptRoot(suite)
    await addAptSource(root, project.repositoryUrl, keys.old)
    expect(await root.run('apt-get', 'update')).toMatchObject({
      output: expect.stringMatching(/NO_PUBKEY|Missing key/),
    })
    const rpmRoot = await openSubscribed(suite, dnf, keys.old)
    expect((await dnf.refresh(rpmRoot)).status).not.toBe(0)
    expect(await apkReads('old')).toMatch(/UNTRUSTED/)
  })

  it('dnf fetches the new key by itself, for its file names the place and not the key', async () => {
    const root = await openRpmRoot('trixie')
    await root.write('/etc/yum.repos.d/hello.repo', await read('rpm/stable.repo'))
    await root.write('/srv/old.asc', keys.old)
    await succeed(root.run('rpmkeys', '--import', '/srv/old.asc'))
    await succeed(root.run('dnf', '--refresh', 'install', PACKAGE))
    // A package of before, by the key of before.
    await succeed(root.run('dnf', 'downgrade', `${PACKAGE}-1.1.0`))
  })
})

describe('when a key is compromised', () => {
  it('readers are given it no more', async () => {
    await project.run('keys', 'rotate')
    const three = await untilServed((keyFile) => keyFile.length > keys.both.length * 1.3)
    await project.run('keys', 'retire', '--compromised')
    const served = await untilServed((keyFile) => keyFile.length < three.length)
    const [now, ...others] = fingerprints(await listKeys())
    expect([served.match(/BEGIN PGP/g)?.length, others.length]).toEqual([1, 1])
    const root = await openClientRoot('trixie')
    onTestFinished(() => root.close())
    await root.write('/srv/key.asc', served)
    const { output } = await root.run('gpg', '--batch', '--show-keys', '--with-colons', '/srv/key.asc')
    const shown = [...output.matchAll(/^fpr:+([0-9A-F]{40}):/gm)].map(([, name]) => name)
    expect(shown).toEqual([now, ...others])
  })
})
