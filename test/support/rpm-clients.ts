// dnf and zypper as one interface: how each is told of a repository, and what it calls the same few things.
import type { ClientRoot, Ran } from './client-root.ts'
import { PACKAGE } from './publishing.ts'
import { runZypper, succeed } from './rpm-root.ts'

export const KEY = '/etc/pki/under-test.asc'

const DNF_REFUSAL =
  /Bad (GPG|PGP) signature|Signing key not found|checksum doesn't match|GPG check FAILED|Signature verification failed|repomd\.xml/i
const ZYPPER_REFUSAL =
  /Signature verification failed|wrong checksum|no, wrong or unknown signature|digest: BAD|Digest verification failed|Valid metadata not found/i

export interface RpmClient {
  readonly name: 'dnf' | 'zypper'
  readonly refusal: RegExp
  readonly repoFolder: string
  subscribe(root: ClientRoot, channelUrl: string, key: string): Promise<void>
  refresh(root: ClientRoot): Promise<Ran>
  install(root: ClientRoot): Promise<Ran>
  listAdvisories(root: ClientRoot): Promise<Ran>
  showAdvisory(root: ClientRoot, id: string): Promise<Ran>
  upgrade(root: ClientRoot): Promise<Ran>
  remove(root: ClientRoot): Promise<Ran>
}

/** Version 4 or 5: the root says which. */
export const dnf: RpmClient = {
  name: 'dnf',
  refusal: DNF_REFUSAL,
  repoFolder: '/etc/yum.repos.d',
  async subscribe(root, channelUrl, key) {
    await root.write(KEY, key)
    const lines = ['[tested]', 'name=tested', `baseurl=${channelUrl}`, 'repo_gpgcheck=1', `gpgkey=file://${KEY}`]
    await root.write('/etc/yum.repos.d/tested.repo', `${lines.join('\n')}\n`)
  },
  refresh: (root) => root.run('dnf', '--refresh', 'makecache'),
  install: (root) => root.run('dnf', 'install', PACKAGE),
  listAdvisories: (root) => root.run('dnf', 'updateinfo', 'list'),
  showAdvisory: (root, id) => root.run('dnf', 'updateinfo', 'info', id),
  upgrade: (root) => root.run('dnf', '--refresh', 'upgrade', PACKAGE),
  remove: (root) => root.run('dnf', 'remove', PACKAGE),
}

export const zypper: RpmClient = {
  name: 'zypper',
  refusal: ZYPPER_REFUSAL,
  repoFolder: '/etc/zypp/repos.d',
  async subscribe(root, channelUrl, key) {
    await root.write(KEY, key)
    await succeed(root.run('rpmkeys', '--import', KEY))
    await succeed(runZypper(root, 'addrepo', '--gpgcheck-strict', '--refresh', channelUrl, 'tested'))
  },
  refresh: (root) => runZypper(root, 'refresh', '--force'),
  install: (root) => runZypper(root, 'install', '--no-recommends', PACKAGE),
  listAdvisories: (root) => runZypper(root, 'list-patches'),
  showAdvisory: (root, id) => runZypper(root, 'info', '-t', 'patch', id),
  upgrade: (root) => runZypper(root, 'update', PACKAGE),
  remove: (root) => runZypper(root, 'remove', PACKAGE),
}
