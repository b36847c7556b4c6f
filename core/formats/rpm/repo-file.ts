// How a user of dnf or zypper subscribes: a .repo file (dnf.conf(5), "REPO OPTIONS"), which both read.
import type { Instruction, PublicKeys, ReaderAddress, RepositoryAddress } from '../../format.ts'
import { readerUrl, TOKEN_LINE } from '../../text/reader-url.ts'
import { ROOT } from './rows.ts'

/** `pin` is a generation's place below the repository: `/@12`. */
export const channelUrl = ({ baseUrl, channel }: RepositoryAddress, pin = ''): string =>
  `${baseUrl}${pin}/${ROOT}/${channel}`

const stemOf = ({ organization, project, channel }: RepositoryAddress): string =>
  channel === 'stable' ? `${organization}-${project}` : `${organization}-${project}-${channel}`

/**
 * Packages and index are both checked against the key (rpm 6 wants the first, zypper the second). No baseurl beside
 * the mirrorlist: dnf would try it first, and it is not pinned. dnf's two days of cache would hide an update.
 */
export const repoFileText = (address: RepositoryAddress): string => {
  const { baseUrl, organization, project, channel } = address
  const lines = [
    `[${stemOf(address)}]`,
    `name=${organization}/${project} (${channel})`,
    `mirrorlist=${channelUrl(address)}/mirrorlist`,
    'enabled=1',
    'gpgcheck=1',
    'repo_gpgcheck=1',
    `gpgkey=${baseUrl}/key.asc`,
    'metadata_expire=1h',
    'autorefresh=1',
  ]
  return `${lines.join('\n')}\n`
}

/** zypper takes no login beside a mirrorlist, and sends none to the address in it: so the plain address, unpinned. */
const zypperLines = (address: ReaderAddress, repo: string): readonly string[] =>
  address.isPrivate
    ? [
        TOKEN_LINE,
        `rpm --import ${readerUrl(`${address.baseUrl}/key.asc`, true)}`,
        `zypper addrepo --gpgcheck-strict --refresh ${readerUrl(channelUrl(address), true)} ${stemOf(address)}`,
      ]
    : [`rpm --import ${address.baseUrl}/key.asc`, `zypper addrepo ${repo}`]

export const rpmInstructions = (
  address: ReaderAddress,
  packageNames: readonly string[],
  { openpgp }: PublicKeys,
): Instruction => {
  const { isPrivate } = address
  const file = `/etc/yum.repos.d/${stemOf(address)}.repo`
  const repo = `${address.baseUrl}/${ROOT}/${address.channel}.repo`
  const packages = packageNames.join(' ') || 'PACKAGE'
  // Not in the address: dnf does not send a login of the mirrorlist's address to the address that stands in it.
  const login = [`chmod 600 ${file}`, `printf 'username=token\\npassword=%s\\n' "$TOKEN" >> ${file}`]
  return {
    title: 'Fedora, RHEL, openSUSE and their relatives (dnf, zypper)',
    commands: [
      ...(isPrivate ? [TOKEN_LINE] : []),
      `curl -fsSL -o ${file} ${readerUrl(repo, isPrivate)}`,
      ...(isPrivate ? login : []),
      `dnf install ${packages}`,
    ],
    note: [
      `dnf shows a repository's key before it trusts it: compare ${openpgp.map(({ name }) => name).join(' or ')}.`,
      'On openSUSE and SLES:',
      ...zypperLines(address, repo),
      `zypper install ${packages}`,
      'zypper looks for something new once in ten minutes (repo.refresh.delay in /etc/zypp/zypp.conf).',
    ].join('\n'),
  }
}
