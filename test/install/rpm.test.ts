// Real dnf and zypper against a real platform: Debian 12's and Debian 13's, each in a root with an rpm database of
// its own, from index to installed program.
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { SUITES } from '../../scripts/testing/roots.ts'
import type { ClientRoot, Ran } from '../support/client-root.ts'
import { makeForeignKey } from '../support/foreign-key.ts'
import { startTestPlatform, type TestPlatform } from '../support/platform.ts'
import { CONFIG, openProject, PACKAGE, PROGRAM, type PublishedProject } from '../support/publishing.ts'
import { openRpmRoot, runZypper, succeed } from '../support/rpm-root.ts'
import { flipMiddleBit, startTamperingProxy, type Tampering } from '../support/tampering-proxy.ts'

const KEY = '/etc/pki/under-test.asc'

const DNF_REFUSAL =
  /Bad (GPG|PGP) signature|Signing key not found|checksum doesn't match|GPG check FAILED|Signature verification failed|repomd\.xml/i
const ZYPPER_REFUSAL =
  /Signature verification failed|wrong checksum|no, wrong or unknown signature|digest: BAD|Digest verification failed|Valid metadata not found/i

let platform: TestPlatform
beforeAll(async () => {
  platform = await startTestPlatform()
})
afterAll(() => platform?.stop())

/** Still a document: only the signature can tell. */
const changeRevision = (body: Buffer): Buffer =>
  Buffer.from(body.toString('utf8').replace(/<revision>\d/, '<revision>0'), 'utf8')

const versionOf = async (root: ClientRoot): Promise<string | undefined> => {
  const { status, output } = await root.run('rpm', '-q', '--qf', '%{VERSION}-%{RELEASE}', PACKAGE)
  return status === 0 ? output : undefined
}

/** How each client is told of a repository below some address, and what it calls the same four things. */
interface Client {
  readonly name: 'dnf' | 'zypper'
  readonly refusal: RegExp
  subscribe(root: ClientRoot, channelUrl: string, key: string): Promise<void>
  refresh(root: ClientRoot): Promise<Ran>
  install(root: ClientRoot): Promise<Ran>
  upgrade(root: ClientRoot): Promise<Ran>
  remove(root: ClientRoot): Promise<Ran>
}

const dnf: Client = {
  name: 'dnf',
  refusal: DNF_REFUSAL,
  async subscribe(root, channelUrl, key) {
    await root.write(KEY, key)
    const lines = ['[tested]', 'name=tested', `baseurl=${channelUrl}`, 'repo_gpgcheck=1', `gpgkey=file://${KEY}`]
    await root.write('/etc/yum.repos.d/tested.repo', `${lines.join('\n')}\n`)
  },
  refresh: (root) => root.run('dnf', '--refresh', 'makecache'),
  install: (root) => root.run('dnf', 'install', PACKAGE),
  upgrade: (root) => root.run('dnf', '--refresh', 'upgrade', PACKAGE),
  remove: (root) => root.run('dnf', 'remove', PACKAGE),
}

const zypper: Client = {
  name: 'zypper',
  refusal: ZYPPER_REFUSAL,
  async subscribe(root, channelUrl, key) {
    await root.write(KEY, key)
    await succeed(root.run('rpmkeys', '--import', KEY))
    await succeed(runZypper(root, 'addrepo', '--gpgcheck-strict', '--refresh', channelUrl, 'tested'))
  },
  refresh: (root) => runZypper(root, 'refresh', '--force'),
  install: (root) => runZypper(root, 'install', '--no-recommends', PACKAGE),
  upgrade: (root) => runZypper(root, 'update', PACKAGE),
  remove: (root) => runZypper(root, 'remove', PACKAGE),
}

describe.each(SUITES)('rpm clients of %s', (suite) => {
  let project: PublishedProject
  let key: string
  beforeAll(async () => {
    project = await openProject(platform, `rpm-${suite}`, 'hello')
    await project.publish('1.0.0')
    key = await (await fetch(`${project.repositoryUrl}/key.asc`)).text()
  })

  it('dnf installs by the lines we tell people to paste', async () => {
    const root = await openRpmRoot(suite)
    for (const command of await project.installCommands('rpm')) await succeed(root.shell(command))
    expect((await root.run(PROGRAM)).output).toBe('Hello, world!\n')
    // Not only the index is signed: the package is, and rpm kept the proof.
    const signature = await root.run('rpm', '-q', '--qf', '%{RSAHEADER:pgpsig}', PACKAGE)
    expect(signature.output).toMatch(/RSA\/SHA(256|512).*Key ID/i)
    expect((await root.run('rpm', '-V', PACKAGE)).output).toBe('')
  })

  it('zypper subscribes by the same file', async () => {
    const root = await openRpmRoot(suite)
    await root.write(KEY, key)
    await succeed(root.run('rpm', '--import', KEY))
    await succeed(runZypper(root, 'addrepo', `${project.repositoryUrl}/rpm/stable.repo`))
    await succeed(runZypper(root, 'install', PACKAGE))
    expect((await root.run(PROGRAM)).output).toBe('Hello, world!\n')
  })

  it.each([dnf, zypper])(
    "$name refuses a changed bit in repomd.xml, its signature, primary and the package, and a key that is not the repository's",
    async (client) => {
      const attacks: readonly {
        readonly what: string
        readonly tampering: Tampering
        readonly at: 'refresh' | 'install'
      }[] = [
        { what: 'repomd', tampering: { path: /\/repomd\.xml$/, change: changeRevision }, at: 'refresh' },
        { what: 'signature', tampering: { path: /\/repomd\.xml\.asc$/, change: flipMiddleBit }, at: 'refresh' },
        { what: 'primary', tampering: { path: /-primary\.xml\.gz$/, change: flipMiddleBit }, at: 'refresh' },
        { what: 'package', tampering: { path: /\.rpm$/, change: flipMiddleBit }, at: 'install' },
      ]
      for (const { what, tampering, at } of attacks) {
        const root = await openRpmRoot(suite)
        const proxy = await startTamperingProxy(platform.url, tampering)
        onTestFinished(() => proxy.close())
        await client.subscribe(root, `${proxy.url}/r/${project.name}/rpm/stable`, key)
        const refreshed = await client.refresh(root)
        const refused = at === 'refresh' ? refreshed : await client.install(root)
        const { status, output } = refused
        expect({ what, changed: proxy.changed.length > 0, isRefused: status !== 0, output }).toMatchObject({
          what,
          changed: true,
          isRefused: true,
        })
        expect(output).toMatch(client.refusal)
        expect(await versionOf(root)).toBeUndefined()
      }
      const root = await openRpmRoot(suite)
      await client.subscribe(root, `${project.repositoryUrl}/rpm/stable`, await makeForeignKey())
      const refused = await client.refresh(root)
      expect(refused.status).not.toBe(0)
      expect(refused.output).toMatch(client.refusal)
    },
  )

  it.each([dnf, zypper])(
    "$name installs, runs, upgrades, keeps the administrator's settings, and removes",
    async (client) => {
      const own = await openProject(platform, `${client.name}-${suite}`, 'hello')
      await own.publish('1.0.0')
      const root = await openRpmRoot(suite)
      await root.write(KEY, await (await fetch(`${own.repositoryUrl}/key.asc`)).text())
      await succeed(root.run('rpmkeys', '--import', KEY))
      const repo = await (await fetch(`${own.repositoryUrl}/rpm/stable.repo`)).text()
      const folder = client === dnf ? '/etc/yum.repos.d' : '/etc/zypp/repos.d'
      await root.write(`${folder}/own.repo`, repo)
      await succeed(client.refresh(root))
      await succeed(client.install(root))
      expect((await root.run(PROGRAM, '--version')).output).toBe(`${PACKAGE} 1.0.0\n`)
      await root.write(CONFIG, 'GREETING=Moin\nNAME=Hamburg\n')

      await own.publish('1.1.0')
      await succeed(client.refresh(root))
      await succeed(client.upgrade(root))
      expect(await versionOf(root)).toBe('1.1.0-1')
      expect((await root.run(PROGRAM)).output).toBe('Moin, Hamburg!\n')

      await succeed(client.remove(root))
      expect(await root.read(PROGRAM)).toBeUndefined()
      expect(await root.read(`${CONFIG}.rpmsave`)).toContain('Moin')
      expect(await versionOf(root)).toBeUndefined()
    },
  )

  it('reads everything from the generation the mirrorlist names, so that a publish in the middle cannot hurt', async () => {
    const root = await openRpmRoot(suite)
    const mirrorlist = await (await fetch(`${project.repositoryUrl}/rpm/stable/mirrorlist`)).text()
    expect(mirrorlist).toMatch(new RegExp(`^${project.repositoryUrl}/@\\d+/rpm/stable/\n$`))
    await root.write(
      '/etc/yum.repos.d/own.repo',
      await (await fetch(`${project.repositoryUrl}/rpm/stable.repo`)).text(),
    )
    await succeed(root.run('dnf', '--refresh', 'makecache'))
    const log = await root.shell('cat /var/log/dnf.librepo.log /var/log/hawkey.log 2>/dev/null; true')
    const seen = [...log.output.matchAll(/(http:\S+repodata\/\S+?)[',\s]/g)].map(([, url]) => url ?? '')
    expect(seen.length).toBeGreaterThan(1)
    expect(seen.filter((url) => !url.startsWith(mirrorlist.trim()))).toEqual([])
  })
})
