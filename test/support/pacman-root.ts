// A Debian whose pacman trusts no repository.
import { expect, onTestFinished } from 'vitest'
import type { Suite } from '../../scripts/testing/roots.ts'
import { type ClientRoot, openClientRoot, type Ran } from './client-root.ts'
import type { PublishedProject } from './publishing.ts'

/** Gone when the test is. Its keyring, which scripts/testing/roots.ts made, trusts nobody. */
export const openPacmanRoot = async (suite: Suite): Promise<ClientRoot> => {
  const root = await openClientRoot(suite)
  onTestFinished(() => root.close())
  // Downloads as another user need a sandbox that a chroot has not; version 6 knows neither.
  const { output } = await root.run('pacman', '--version')
  const sandbox = /v[7-9]\./.test(output) ? 'DisableSandbox\n' : ''
  await root.write('/etc/pacman.conf', `[options]\nArchitecture = auto\nSigLevel = Required\n${sandbox}`)
  return root
}

export const pacman = (root: ClientRoot, ...args: readonly string[]): Promise<Ran> =>
  root.run('pacman', '--noconfirm', '--noprogressbar', ...args)

/** What our instructions do before they install: the key, trusted, and a section of pacman.conf. */
export const subscribePacman = async (
  root: ClientRoot,
  project: PublishedProject,
  channel = 'stable',
): Promise<void> => {
  for (const command of (await project.installCommands('arch', channel)).slice(0, -1)) {
    const { status, output } = await root.shell(command)
    expect({ command, status, output }).toMatchObject({ status: 0 })
  }
}
