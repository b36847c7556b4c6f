// Real dnf and zypper against a real platform: Debian 12's and Debian 13's, each in a root with an rpm database of
// its own, from index to installed program.
import { expect, it } from 'vitest'
import { SUITES } from '../../scripts/testing/roots.ts'
import { PACKAGE, PROGRAM } from '../support/publishing.ts'
import { describeRpmClients } from '../support/rpm-client-laws.ts'
import { dnf, KEY, zypper } from '../support/rpm-clients.ts'
import { openRpmRoot, runZypper, succeed } from '../support/rpm-root.ts'
import { openHello } from '../support/shared-platform.ts'

for (const suite of SUITES) describeRpmClients(suite, [dnf, zypper])

it.each(SUITES)('zypper of %s subscribes by the file that dnf has', async (suite) => {
  const project = await openHello()
  const root = await openRpmRoot(suite)
  await root.write(KEY, await (await fetch(`${project.repositoryUrl}/key.asc`)).text())
  await succeed(root.run('rpm', '--import', KEY))
  await succeed(runZypper(root, 'addrepo', `${project.repositoryUrl}/rpm/stable.repo`))
  await succeed(runZypper(root, 'install', PACKAGE))
  expect((await root.run(PROGRAM)).output).toBe('Hello, world!\n')
})
