// Real pacman against a real platform: Debian 12 has version 6, Debian 13 version 7. Both take a database's
// signature from the generation they were sent to.
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { SUITES } from '../../scripts/testing/roots.ts'
import type { ClientRoot, Ran } from '../support/client-root.ts'
import { makeForeignKey } from '../support/foreign-key.ts'
import { openPacmanRoot, pacman, subscribePacman } from '../support/pacman-root.ts'
import { CONFIG, PACKAGE, PROGRAM, type PublishedProject } from '../support/publishing.ts'
import { requirePrograms } from '../support/required-programs.ts'
import { openHello, sharedPlatform } from '../support/shared-platform.ts'
import { flipMiddleBit, startTamperingProxy, type Tampering } from '../support/tampering-proxy.ts'

const REFUSAL = /is invalid|is corrupted|unknown trust|is unknown|required key missing|failed retrieving file/i

let project: PublishedProject
beforeAll(async () => {
  requirePrograms('makepkg')
  project = await openHello()
})

const succeed = async (running: Promise<Ran>): Promise<string> => {
  const { status, output } = await running
  expect({ status, warnings: output.match(/^(warning|error):.*$/gm), output }).toMatchObject({
    status: 0,
    warnings: null,
  })
  return output
}

const versionOf = async (root: ClientRoot): Promise<string | undefined> => {
  const { status, output } = await root.run('pacman', '-Q', PACKAGE)
  return status === 0 ? output.trim() : undefined
}

describe.each(SUITES)('pacman of %s', (suite) => {
  const section = (url: string): string =>
    `[tested-hello]\nSigLevel = Required DatabaseRequired\nServer = ${url}/r/${project.name}/arch/stable/$arch\n`

  it('installs by the lines we tell people to paste, and finds nothing different from what the package says', async () => {
    const root = await openPacmanRoot(suite)
    await subscribePacman(root, project)
    const last = (await project.installCommands('arch')).at(-1)!
    await succeed(root.shell(last.replace('pacman ', 'pacman --noconfirm --noprogressbar ')))
    expect((await root.run(PROGRAM)).output).toBe('Hello, world!\n')
    // Modes, owners, times and sizes of files and folders against .MTREE: no folder is warned of.
    const checked = await root.run('pacman', '-Qkk', PACKAGE)
    expect(checked).toMatchObject({ status: 0, output: expect.stringMatching(/ 0 altered files\n$/) })
    expect((await root.run('pacman', '-Qc', PACKAGE)).output).toContain('1.0.0')
    await succeed(pacman(root, '-Fy'))
    expect((await root.run('pacman', '-Fl', PACKAGE)).output).toContain(`${PACKAGE} ${PROGRAM.slice(1)}\n`)
  })

  it('refuses a changed or unsigned database, a changed or unsigned package, and a key that is not the repository’s', async () => {
    const root = await openPacmanRoot(suite)
    await subscribePacman(root, project)
    const gone = () => undefined
    const attacks: readonly {
      readonly what: string
      readonly tampering: Tampering
      readonly at: 'refresh' | 'install'
    }[] = [
      { what: 'database', tampering: { path: /\.db$/, change: flipMiddleBit }, at: 'refresh' },
      { what: 'database signature', tampering: { path: /\.db\.sig$/, change: flipMiddleBit }, at: 'refresh' },
      { what: 'no database signature', tampering: { path: /\.db\.sig$/, change: gone }, at: 'refresh' },
      { what: 'package', tampering: { path: /\.pkg\.tar\.zst$/, change: flipMiddleBit }, at: 'install' },
      { what: 'no package signature', tampering: { path: /\.zst\.sig$/, change: gone }, at: 'install' },
    ]
    for (const { what, tampering, at } of attacks) {
      const proxy = await startTamperingProxy(sharedPlatform().url, tampering)
      onTestFinished(() => proxy.close())
      await root.write(`/etc/pacman.d/tested-hello.conf`, section(proxy.url))
      await root.shell('rm -rf /var/lib/pacman/sync/* /var/cache/pacman/pkg/*')
      const refreshed = await pacman(root, '-Syy')
      if (at === 'install') expect({ what, ...refreshed }).toMatchObject({ status: 0 })
      const refused = at === 'refresh' ? refreshed : await pacman(root, '-S', PACKAGE)
      expect({
        what,
        changed: proxy.changed.length > 0,
        isRefused: refused.status !== 0,
        output: refused.output,
      }).toEqual({
        what,
        changed: true,
        isRefused: true,
        output: expect.stringMatching(REFUSAL),
      })
      expect(await versionOf(root)).toBeUndefined()
    }

    const stranger = await openPacmanRoot(suite)
    await stranger.write('/srv/foreign.asc', await makeForeignKey())
    await stranger.write(
      '/etc/pacman.conf',
      `${await stranger.read('/etc/pacman.conf')}${section(sharedPlatform().url)}`,
    )
    await stranger.shell('pacman-key --add /srv/foreign.asc')
    const refused = await pacman(stranger, '-Syy')
    expect(refused.status).not.toBe(0)
    expect(refused.output).toMatch(REFUSAL)
  })

  it('installs, upgrades, keeps the administrator’s settings and removes', async () => {
    const channel = `arch-${suite}`
    await project.publish('1.0.0', channel, ['arch/all'])
    const root = await openPacmanRoot(suite)
    await subscribePacman(root, project, channel)
    await succeed(pacman(root, '-Sy', PACKAGE))
    expect(await versionOf(root)).toBe(`${PACKAGE} 1.0.0-1`)
    await root.write(CONFIG, 'GREETING=Moin\nNAME=Hamburg\n')

    await project.publish('1.1.0-rc.1', channel, ['arch/all'])
    await project.publish('1.1.0', channel, ['arch/all'])
    await succeed(pacman(root, '-Syu'))
    expect(await versionOf(root)).toBe(`${PACKAGE} 1.1.0-1`)
    expect((await root.run(PROGRAM, '--version')).output).toBe(`${PACKAGE} 1.1.0\n`)
    expect((await root.run(PROGRAM)).output).toBe('Moin, Hamburg!\n')

    await pacman(root, '-R', PACKAGE)
    expect(await root.read(PROGRAM)).toBeUndefined()
    expect(await root.read(`${CONFIG}.pacsave`)).toContain('Moin')
  })

  it('serves a database and its signature from one generation', async () => {
    const url = `${project.repositoryUrl}/arch/stable/x86_64/tested-hello.db`
    for (const path of [url, `${url}.sig`]) {
      const answer = await fetch(path, { redirect: 'manual' })
      expect(answer.status).toBe(302)
      expect(answer.headers.get('location')).toMatch(new RegExp(`/r/${project.name}/@\\d+/arch/stable/x86_64/`))
    }
  })
})
