// What every client of an rpm repository must do with ours, and must refuse; for each suite whose root has one.
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import type { Suite } from '../../scripts/testing/roots.ts'
import type { ClientRoot } from './client-root.ts'
import { makeForeignKey } from './foreign-key.ts'
import { CONFIG, PACKAGE, PROGRAM, type PublishedProject } from './publishing.ts'
import { KEY, type RpmClient } from './rpm-clients.ts'
import { openRpmRoot, succeed } from './rpm-root.ts'
import { openHello, sharedPlatform } from './shared-platform.ts'
import { flipMiddleBit, startTamperingProxy, type Tampering } from './tampering-proxy.ts'

/** Still a document: only the signature can tell. */
const changeRevision = (body: Buffer): Buffer =>
  Buffer.from(body.toString('utf8').replace(/<revision>\d/, '<revision>0'), 'utf8')

const versionOf = async (root: ClientRoot): Promise<string | undefined> => {
  const { status, output } = await root.run('rpm', '-q', '--qf', '%{VERSION}-%{RELEASE}', PACKAGE)
  return status === 0 ? output : undefined
}

/** One of the clients is dnf. */
export const describeRpmClients = (suite: Suite, clients: readonly RpmClient[]): void =>
  void describe(`rpm clients of ${suite}`, () => {
    let project: PublishedProject
    let key: string
    beforeAll(async () => {
      project = await openHello()
      key = await (await fetch(`${project.repositoryUrl}/key.asc`)).text()
    })

    it('dnf installs by the lines we tell people to paste', async () => {
      const root = await openRpmRoot(suite)
      for (const command of await project.installCommands('rpm')) await succeed(root.shell(command))
      expect((await root.run(PROGRAM)).output).toBe('Hello, world!\n')
      // Not only the index is signed: the package is, and rpm kept the proof.
      const signature = await root.run('rpm', '-q', '--qf', '%{RSAHEADER:pgpsig}', PACKAGE)
      expect(signature.output).toMatch(/RSA\/SHA(256|512).*Key/i)
      expect((await root.run('rpm', '-V', PACKAGE)).output).toBe('')
    })

    it.each(clients)(
      "$name refuses a changed bit in repomd.xml, its signature, primary and the package, a missing signature, and a key that is not the repository's",
      async (client) => {
        const attacks: readonly {
          readonly what: string
          readonly tampering: Tampering
          readonly at: 'refresh' | 'install'
        }[] = [
          { what: 'repomd', tampering: { path: /\/repomd\.xml$/, change: changeRevision }, at: 'refresh' },
          { what: 'signature', tampering: { path: /\/repomd\.xml\.asc$/, change: flipMiddleBit }, at: 'refresh' },
          { what: 'no signature', tampering: { path: /\/repomd\.xml\.asc$/, change: () => undefined }, at: 'refresh' },
          { what: 'primary', tampering: { path: /-primary\.xml\.gz$/, change: flipMiddleBit }, at: 'refresh' },
          { what: 'package', tampering: { path: /\.rpm$/, change: flipMiddleBit }, at: 'install' },
        ]
        for (const { what, tampering, at } of attacks) {
          const root = await openRpmRoot(suite)
          const proxy = await startTamperingProxy(sharedPlatform().url, tampering)
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

    it.each(clients)(
      "$name installs, runs, upgrades, keeps the administrator's settings, and removes",
      async (client) => {
        const channel = `${client.name}-${suite}`
        await project.publish('1.0.0', channel, ['rpm/all'])
        const root = await openRpmRoot(suite)
        await root.write(KEY, key)
        await succeed(root.run('rpmkeys', '--import', KEY))
        const repo = await (await fetch(`${project.repositoryUrl}/rpm/${channel}.repo`)).text()
        await root.write(`${client.repoFolder}/own.repo`, repo)
        await succeed(client.refresh(root))
        await succeed(client.install(root))
        expect((await root.run(PROGRAM, '--version')).output).toBe(`${PACKAGE} 1.0.0\n`)
        await root.write(CONFIG, 'GREETING=Moin\nNAME=Hamburg\n')

        await project.publish('1.1.0', channel, ['rpm/all'])
        await succeed(client.refresh(root))
        const advisory = `${PACKAGE}-1.1.0-1.noarch`
        expect(await succeed(client.listAdvisories(root))).toContain(advisory)
        expect(await succeed(client.showAdvisory(root, advisory))).toContain('Greets by configuration and by argument')
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
      const log = await root.shell(
        'cat /var/log/dnf5.log /var/log/dnf.librepo.log /var/log/hawkey.log 2>/dev/null; true',
      )
      const seen = [...log.output.matchAll(/(http:\S+repodata\/\S+?)[',\s]/g)].map(([, url]) => url ?? '')
      expect(seen.length).toBeGreaterThan(1)
      expect(seen.filter((url) => !url.startsWith(mirrorlist.trim()))).toEqual([])
    })
  })
