// A Debian that knows no repository at all, its own included, and whose apt calls anything doubtful a failure.
import { onTestFinished } from 'vitest'
import type { Suite } from '../../scripts/testing/roots.ts'
import { type ClientRoot, openClientRoot, type Ran } from './client-root.ts'

const KEYRING = '/etc/apt/keyrings/under-test.asc'
const SOURCE = '/etc/apt/sources.list.d/under-test.sources'

// Without it apt goes on with the lists it has, and exits with 0, when a repository turns bad.
const STRICT = `APT::Update::Error-Mode "any";
Acquire::Languages "none";
Acquire::Retries "0";
Dpkg::Use-Pty "0";
`

/** Gone when the test is. */
export const openAptRoot = async (suite: Suite): Promise<ClientRoot> => {
  const root = await openClientRoot(suite)
  onTestFinished(() => root.close())
  await root.shell('rm -f /etc/apt/sources.list /etc/apt/sources.list.d/*')
  await root.write('/etc/apt/apt.conf.d/99strict', STRICT)
  return root
}

/** `key`: armored, one or several. */
export const addAptSource = async (
  root: ClientRoot,
  repositoryUrl: string,
  key: string,
  channel = 'stable',
): Promise<void> => {
  const lines = [
    'Types: deb',
    `URIs: ${repositoryUrl}/apt`,
    `Suites: ${channel}`,
    'Components: main',
    `Signed-By: ${KEYRING}`,
  ]
  await root.write(KEYRING, key)
  await root.write(SOURCE, `${lines.join('\n')}\nCheck-Valid-Until: yes\nCheck-Date: yes\n`)
}

export const aptInstall = (root: ClientRoot, ...args: readonly string[]): Promise<Ran> =>
  root.run('apt-get', 'install', '-y', '--no-install-recommends', ...args)
