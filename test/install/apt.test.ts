// Real apt against a real platform: Debian 12's (verifies with gpgv) and Debian 13's (verifies with sqv).
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { SUITES } from '../../scripts/testing/roots.ts'
import { addAptSource, aptInstall, openAptRoot } from '../support/apt-root.ts'
import type { ClientRoot, Ran } from '../support/client-root.ts'
import { makeForeignKey } from '../support/foreign-key.ts'
import { CONFIG, PACKAGE, PROGRAM, type PublishedProject } from '../support/publishing.ts'
import { openHello, sharedPlatform } from '../support/shared-platform.ts'
import { flipMiddleBit, startTamperingProxy, type Tampering } from '../support/tampering-proxy.ts'

const REFUSAL =
  /BADSIG|Bad signature|Bad message|Missing key|NO_PUBKEY|not signed|Hash Sum mismatch|manipulated|verification failed|invalid/i

let project: PublishedProject
let key: string
beforeAll(async () => {
  project = await openHello()
  key = await (await fetch(`${project.repositoryUrl}/key.asc`)).text()
})

const succeed = async (running: Promise<Ran>): Promise<string> => {
  const { status, output } = await running
  // A warning of apt is a defect of the repository.
  expect({ status, warnings: output.match(/^(W|E|Err):.*$/gm), output }).toMatchObject({ status: 0, warnings: null })
  return output
}

const versionOf = async (root: ClientRoot): Promise<string> => {
  const { output } = await root.run('dpkg-query', '-W', '-f', '$' + '{db:Status-Status} $' + '{Version}', PACKAGE)
  return output.trim()
}

describe.each(SUITES)('apt of %s', (suite) => {
  it('installs by the lines we tell people to paste', async () => {
    const root = await openAptRoot(suite)
    for (const command of await project.installCommands('deb')) {
      const { status, output } = await root.shell(command.replace(/^sudo /, ''))
      expect({ command, status, output }).toMatchObject({ status: 0 })
    }
    if ((await versionOf(root)) === '') await succeed(aptInstall(root, PACKAGE))
    expect((await root.run(PROGRAM)).output).toBe('Hello, world!\n')
  })

  it("refuses a changed byte in InRelease, in Packages and in the package, and a key that is not the repository's", async () => {
    const attacks: readonly {
      readonly what: string
      readonly tampering: Tampering
      readonly at: 'update' | 'install'
    }[] = [
      { what: 'InRelease', tampering: { path: /\/InRelease$/, change: flipMiddleBit }, at: 'update' },
      { what: 'Packages', tampering: { path: /\/by-hash\/|\/Packages/, change: flipMiddleBit }, at: 'update' },
      { what: 'package', tampering: { path: /\.deb$/, change: flipMiddleBit }, at: 'install' },
    ]
    for (const { what, tampering, at } of attacks) {
      const root = await openAptRoot(suite)
      const proxy = await startTamperingProxy(sharedPlatform().url, tampering)
      onTestFinished(() => proxy.close())
      await addAptSource(root, `${proxy.url}/r/${project.name}`, key)
      const updated = await root.run('apt-get', 'update')
      const refused = at === 'update' ? updated : await aptInstall(root, PACKAGE)
      expect({ what, changed: proxy.changed.length > 0, status: refused.status !== 0 }).toEqual({
        what,
        changed: true,
        status: true,
      })
      expect(refused.output).toMatch(REFUSAL)
      expect(await versionOf(root)).not.toContain('installed')
    }
    const root = await openAptRoot(suite)
    await addAptSource(root, project.repositoryUrl, await makeForeignKey())
    const refused = await root.run('apt-get', 'update')
    expect(refused.status).not.toBe(0)
    expect(refused.output).toMatch(REFUSAL)
  })

  it("installs, runs, upgrades, keeps the administrator's settings, removes and purges", async () => {
    const channel = `apt-${suite}`
    await project.publish('1.0.0', channel, ['deb/all'])
    const root = await openAptRoot(suite)
    await addAptSource(root, project.repositoryUrl, key, channel)
    await succeed(root.run('apt-get', 'update'))
    await succeed(aptInstall(root, `${PACKAGE}=1.0.0`))
    expect((await root.run(PROGRAM, '--version')).output).toBe(`${PACKAGE} 1.0.0\n`)
    expect((await root.run('dpkg', '--verify', PACKAGE)).output).toBe('')
    await root.write(CONFIG, 'GREETING=Moin\nNAME=Hamburg\n')

    await project.publish('1.1.0', channel, ['deb/all'])
    await succeed(root.run('apt-get', 'update'))
    await succeed(aptInstall(root, '--only-upgrade', PACKAGE))
    expect(await versionOf(root)).toBe('installed 1.1.0')
    expect((await root.run(PROGRAM, '--version')).output).toBe(`${PACKAGE} 1.1.0\n`)
    expect((await root.run(PROGRAM)).output).toBe('Moin, Hamburg!\n')

    await succeed(root.run('apt-get', 'remove', '-y', PACKAGE))
    expect(await root.read(PROGRAM)).toBeUndefined()
    expect(await root.read(CONFIG)).toContain('Moin')
    await succeed(root.run('apt-get', 'purge', '-y', PACKAGE))
    expect(await root.read(CONFIG)).toBeUndefined()
  })

  it('asks for indexes by hash, so that a publish in the middle of an update cannot hurt', async () => {
    const root = await openAptRoot(suite)
    await addAptSource(root, project.repositoryUrl, key)
    const output = await succeed(root.run('apt-get', 'update', '-o', 'Debug::Acquire::http=true'))
    expect(output).toMatch(/GET \S+\/by-hash\/SHA(256|512)\/[0-9a-f]+/)
  })
})
