// How an apt user subscribes: a deb822 .sources file that carries the key (sources.list(5), "Signed-By").
import type { Instruction, PublicKeys, RepositoryAddress } from '../../format.ts'
import { blockValue, renderFields } from '../../text/deb822.ts'
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

export const aptInstructions = (
  address: RepositoryAddress,
  packageNames: readonly string[],
  { openpgp }: PublicKeys,
): Instruction => {
  const stem = fileStem(address)
  const sources = `${address.baseUrl}/${ROOT}/${address.channel}.sources`
  const keyring = `/etc/apt/keyrings/${stem}.asc`
  const line = `deb [signed-by=${keyring}] ${address.baseUrl}/${ROOT} ${address.channel} main`
  return {
    title: 'Debian, Ubuntu and their relatives (apt)',
    commands: [
      `curl -fsSL -o /etc/apt/sources.list.d/${stem}.sources ${sources}`,
      'apt-get update',
      `apt-get install ${packageNames.join(' ') || 'PACKAGE'}`,
    ],
    note: [
      `The file carries the repository's key, ${openpgp[0]?.name}; apt trusts it for this repository alone.`,
      'apt older than 2.3.10 (Debian 11, Ubuntu 20.04) wants the key in a file of its own:',
      `mkdir -p /etc/apt/keyrings && curl -fsSL -o ${keyring} ${address.baseUrl}/key.asc`,
      `echo '${line}' > /etc/apt/sources.list.d/${stem}.list`,
    ].join('\n'),
  }
}
