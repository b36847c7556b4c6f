// Archives from a real platform, by the lines we tell people to paste: download, unpack, install, check.
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest'
import { SUITES } from '../../scripts/testing/roots.ts'
import { openClientRoot } from '../support/client-root.ts'
import { startTestPlatform, type TestPlatform } from '../support/platform.ts'
import { CONFIG, openProject, PACKAGE, type PublishedProject } from '../support/publishing.ts'

let platform: TestPlatform
let project: PublishedProject
beforeAll(async () => {
  platform = await startTestPlatform()
  project = await openProject(platform, 'archives', 'hello')
  await project.publish('1.0.0')
})
afterAll(() => platform?.stop())

it.each(SUITES)('installs on %s from an archive, and the checksums are signed', async (suite) => {
  const root = await openClientRoot(suite)
  onTestFinished(() => root.close())
  const commands = await project.installCommands('tar.gz')
  const { status, output } = await root.shell(`cd /root && set -e\n${commands.join('\n')}`)
  expect({ commands, status, output }).toMatchObject({ status: 0 })
  expect((await root.run(`/usr/local/bin/${PACKAGE}`)).output).toBe('Hello, world!\n')
  expect(await root.read(CONFIG)).toContain('GREETING=')

  const base = `${project.repositoryUrl}/files/stable`
  const fetched = `curl -fsSLO ${base}/${PACKAGE}-1.0.0-linux-all.tar.gz -O ${base}/${PACKAGE}-1.0.0-linux-all.zip`
  const checked = await root.shell(`cd /root && set -e
curl -fsSL ${project.repositoryUrl}/key.asc | gpg --batch --quiet --import
${fetched}
curl -fsSL ${base}/SHA256SUMS.asc | gpg --batch --quiet --decrypt 2>/dev/null | sha256sum --check --ignore-missing`)
  expect(checked).toMatchObject({ status: 0 })
  expect(checked.output.match(/: OK$/gm)).toHaveLength(2)
})

it('lists both formats, and offers the newest version under a name that stays', async () => {
  const base = `${project.repositoryUrl}/files/stable`
  await project.publish('1.1.0')
  const listing = (await (await fetch(`${base}/index.json`)).json()) as { files: { file: string; version?: string }[] }
  expect(
    listing.files
      .slice(1)
      .map(({ file }) => file.replace(`${PACKAGE}-`, ''))
      .sort(),
  ).toEqual([...['1.0.0-linux-all.tar.gz', '1.0.0-linux-all.zip', '1.1.0-linux-all.tar.gz', '1.1.0-linux-all.zip']])
  const read = async (path: string) => Buffer.from(await (await fetch(`${base}/${path}`)).arrayBuffer())
  const newest = await read(`latest/${PACKAGE}-linux-all.zip`)
  expect(newest.length).toBeGreaterThan(500)
  expect(newest.equals(await read(`${PACKAGE}-1.1.0-linux-all.zip`))).toBe(true)
})
