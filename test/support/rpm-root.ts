// A Debian in which dnf and zypper have an rpm database of their own, and call anything doubtful a failure.
import { rpm } from '@distropack/core/formats/rpm/format.ts'
import { expect, onTestFinished } from 'vitest'
import type { Suite } from '../../scripts/testing/roots.ts'
import { type ClientRoot, openClientRoot, type Ran } from './client-root.ts'
import { buildTools, memorySink } from './core-host.ts'
import { helloSpec } from './specs.ts'

// Retries and stale metadata would hide a refusal; a repository that cannot be read is a failure.
const DNF_CONF = `[main]
assumeyes=1
gpgcheck=1
localpkg_gpgcheck=1
plugins=0
best=1
skip_if_unavailable=0
install_weak_deps=0
retries=0
timeout=20
`
// zypper takes what it fetched within ten minutes for new, even when it is told to refresh.
export const ZYPP_CONF = '[main]\nrepo.refresh.delay = 0\n'

export const succeed = async (running: Promise<Ran>): Promise<string> => {
  const { status, output } = await running
  expect({ status, output }).toMatchObject({ status: 0 })
  return output
}

/** The shell our scripts need stands in the root without belonging to any rpm: a package that only says so. */
const buildBase = async (): Promise<Uint8Array> => {
  const sink = memorySink()
  const relations = { ...helloSpec().relations, provides: ['/bin/sh'] }
  const spec = helloSpec({ name: 'debian-base', architecture: 'all', items: [], scripts: {}, relations })
  const built = await rpm.build(spec, sink, buildTools)
  if (!built.ok) throw new Error(built.error.message)
  return sink.bytes()
}

/** Gone when the test is. */
export const openRpmRoot = async (suite: Suite): Promise<ClientRoot> => {
  const root = await openClientRoot(suite)
  onTestFinished(() => root.close())
  // Debian's rpm has its database in the user's home.
  await root.write('/etc/rpm/macros', '%_dbpath /var/lib/rpm\n')
  await root.write('/etc/dnf/dnf.conf', DNF_CONF)
  // Version 5 is `dnf` where it is the only one, as on Fedora.
  await root.shell('test -e /usr/bin/dnf || ln -s dnf5 /usr/bin/dnf')
  await root.write('/etc/zypp/zypp.conf', ZYPP_CONF)
  await root.write('/srv/base.rpm', await buildBase())
  await root.shell('mkdir -p /var/lib/rpm /etc/yum.repos.d /etc/pki /etc/zypp/repos.d')
  await succeed(root.run('rpm', '-i', '--justdb', '--nodeps', '--nosignature', '/srv/base.rpm'))
  return root
}

export const runZypper = (root: ClientRoot, ...args: readonly string[]): Promise<Ran> =>
  root.run('zypper', '--non-interactive', ...args)
