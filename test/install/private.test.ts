// A private repository: nothing without a token, and with one every client installs by the lines we tell people to
// paste, in which only the token is put in its place.
import { beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest'
import { SUITES } from '../../scripts/testing/roots.ts'
import { openAptRoot } from '../support/apt-root.ts'
import { type ClientRoot, openClientRoot } from '../support/client-root.ts'
import { OWN_KEYS } from '../support/own-keys.ts'
import { openPacmanRoot } from '../support/pacman-root.ts'
import { openProject, PACKAGE, PROGRAM, type PublishedProject } from '../support/publishing.ts'
import { requirePrograms } from '../support/required-programs.ts'
import { openRpmRoot, succeed } from '../support/rpm-root.ts'
import { sharedPlatform } from '../support/shared-platform.ts'

const ORGANIZATION = 'closed'

let project: PublishedProject
let readerToken: string

beforeAll(async () => {
  requirePrograms('makepkg')
  const platform = sharedPlatform()
  const headers = {
    authorization: `Bearer ${await platform.organization(ORGANIZATION)}`,
    'content-type': 'application/json',
  }
  project = await openProject(platform, ORGANIZATION, 'hello', OWN_KEYS)
  await project.publish('1.0.0')
  const api = async (method: string, path: string, body: object): Promise<unknown> => {
    const answer = await fetch(`${platform.url}/api/v1${path}`, { method, headers, body: JSON.stringify(body) })
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`)
    return answer.json()
  }
  await api('PATCH', `/projects/${ORGANIZATION}/hello`, { access: 'private' })
  const made = await api('POST', `/organizations/${ORGANIZATION}/tokens`, { name: 'reader', scopes: ['read'] })
  readerToken = (made as { secret: string }).secret
  const isPrivate = async (): Promise<boolean> => (await fetch(`${project.repositoryUrl}/key.asc`)).status === 401
  await vi.waitUntil(isPrivate, { timeout: 120_000, interval: 100 })
})

/** The lines of one format or of its note, as one paste; `answer` follows the word that asks. */
const paste = async (root: ClientRoot, format: string, change = (line: string) => line): Promise<void> => {
  const commands = await project.installCommands(format)
  expect(commands[0]).toBe('TOKEN=PASTE_A_TOKEN_HERE')
  const lines = commands.map((line) => change(line.replace('PASTE_A_TOKEN_HERE', readerToken)))
  await succeed(root.shell(`set -e\n${lines.join('\n')}`))
}

const expectGreeting = async (root: ClientRoot, program = PROGRAM): Promise<void> =>
  expect((await root.run(program)).output).toBe('Hello, world!\n')

it('answers 401 to who has no token, whatever is asked', async () => {
  for (const path of ['', '/key.asc', '/apt/dists/stable/InRelease', '/rpm/stable/mirrorlist', '/nothing']) {
    expect([path, (await fetch(`${project.repositoryUrl}${path}`)).status]).toEqual([path, 401])
  }
})

describe.each(SUITES)('on %s', (suite) => {
  it('apt installs, with a login that root alone can read', async () => {
    const root = await openAptRoot(suite)
    await paste(root, 'deb', (line) => line.replace('apt-get install', 'apt-get install -y'))
    await expectGreeting(root)
    const { output } = await root.run('stat', '-c', '%a', `/etc/apt/auth.conf.d/${ORGANIZATION}-hello.conf`)
    expect(output).toBe('600\n')
  })

  it('dnf installs', async () => {
    const root = await openRpmRoot(suite)
    await paste(root, 'rpm')
    await expectGreeting(root)
  })

  it('zypper installs by the lines of the note', async () => {
    const root = await openRpmRoot(suite)
    const { note = '' } = await project.instruction('rpm')
    const lines = note.split('\n')
    const from = lines.indexOf('TOKEN=PASTE_A_TOKEN_HERE')
    const until = lines.findIndex((line) => line.startsWith('zypper install'))
    const pasted = lines
      .slice(from, until + 1)
      .join('\n')
      .replace('PASTE_A_TOKEN_HERE', readerToken)
    await succeed(root.shell(`set -e\n${pasted.replaceAll('zypper ', 'zypper --non-interactive ')}`))
    await expectGreeting(root)
  })

  it('pacman installs', async () => {
    const root = await openPacmanRoot(suite)
    await paste(root, 'arch', (line) => line.replace('pacman -Syu', 'pacman --noconfirm -Syu'))
    await expectGreeting(root)
    const { output } = await root.run('stat', '-c', '%a', `/etc/pacman.d/${ORGANIZATION}-hello.conf`)
    expect(output).toBe('600\n')
  })

  it('archives install', async () => {
    const root = await openClientRoot(suite)
    onTestFinished(() => root.close())
    await root.shell('mkdir -p ~/here')
    await paste(root, 'tar.gz', (line) => `cd ~/here; ${line}`)
    await expectGreeting(root, `/usr/local/bin/${PACKAGE}`)
  })
})

it('apk’s lines name the token in the address of the repository and of each key', async () => {
  const lines = (await project.installCommands('apk')).join('\n')
  expect(lines.match(/"http:\/\/token:\$TOKEN@/g)).toHaveLength(2)
})
