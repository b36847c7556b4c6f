// How an apt user subscribes: a deb822 .sources file that carries the key (sources.list(5), "Signed-By").
import type { Instruction, PublicKeys, ReaderAddress, RepositoryAddress } from '../../format.ts'
import { blockValue, renderFields } from '../../text/deb822.ts'
import { readerUrl, TOKEN_LINE, writeSecret } from '../../text/reader-url.ts'
import { ROOT } from './rows.ts'

/** An embedded key is understood from apt 2.3.10 on: Debian 12, Ubuntu 22.04. */
export const sourcesText = (address: RepositoryAddress, publicKeyArmored: string): string =>
  renderFields([
    ['Types', 'deb'],
    ['URIs', `${address.baseUrl}/${ROOT}`],
    ['Suites', address.channel],
    ['Components', 'main'],
    ['Signed-By', blockValue(publicKeyArmored.trim().split(/\r?\n/))],
  ])

const fileStem = ({ organization, project, channel }: RepositoryAddress): string =>
  channel === 'stable' ? `${organization}-${project}` : `${organization}-${project}-${channel}`

/** apt_auth.conf(5). The scheme is named: without it apt sends nothing over plain HTTP. */
const login = ({ baseUrl }: RepositoryAddress, stem: string): readonly string[] => [
  TOKEN_LINE,
  writeSecret(
    `/etc/apt/auth.conf.d/${stem}.conf`,
    `printf 'machine %s login token password %s\\n' ${baseUrl} "$TOKEN"`,
  ),
]

export const aptInstructions = (
  address: ReaderAddress,
  packageNames: readonly string[],
  { openpgp }: PublicKeys,
): Instruction => {
  const { baseUrl, channel, isPrivate } = address
  const stem = fileStem(address)
  const sources = readerUrl(`${baseUrl}/${ROOT}/${channel}.sources`, isPrivate)
  const keyring = `/etc/apt/keyrings/${stem}.asc`
  const line = `deb [signed-by=${keyring}] ${baseUrl}/${ROOT} ${channel} main`
  return {
    title: 'Debian, Ubuntu and their relatives (apt)',
    commands: [
      ...(isPrivate ? login(address, stem) : []),
      `curl -fsSL -o /etc/apt/sources.list.d/${stem}.sources ${sources}`,
      'apt-get update',
      `apt-get install ${packageNames.join(' ') || 'PACKAGE'}`,
    ],
    note: [
      `The file carries the repository's key, ${openpgp[0]?.name}; apt trusts it for this repository alone.`,
      'apt older than 2.3.10 (Debian 11, Ubuntu 20.04) wants the key in a file of its own:',
      `mkdir -p /etc/apt/keyrings && curl -fsSL -o ${keyring} ${readerUrl(`${baseUrl}/key.asc`, isPrivate)}`,
      `echo '${line}' > /etc/apt/sources.list.d/${stem}.list`,
    ].join('\n'),
  }
}
