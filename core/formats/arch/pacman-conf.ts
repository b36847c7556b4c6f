// How an Arch user subscribes: a section of pacman.conf in a file of its own, and a key they sign locally.
import type { Instruction, PublicKeys, RepositoryAddress } from '../../format.ts'
import { databaseName, ROOT } from './database.ts'

export const pacmanInstructions = (
  address: RepositoryAddress,
  packageNames: readonly string[],
  { openpgp }: PublicKeys,
): Instruction => {
  const name = databaseName(address)
  const key = `/etc/pacman.d/${name}.asc`
  const section = `/etc/pacman.d/${name}.conf`
  const lines = [
    `[${name}]`,
    // Signatures on the database and on every package: pacman's default trusts an unsigned database.
    'SigLevel = Required DatabaseRequired',
    `Server = ${address.baseUrl}/${ROOT}/${address.channel}/$arch`,
  ]
  return {
    title: 'Arch Linux and its relatives (pacman)',
    commands: [
      `curl -fsSL -o ${key} ${address.baseUrl}/key.asc`,
      'pacman-key --init',
      `pacman-key --add ${key}`,
      ...openpgp.map((each) => `pacman-key --lsign-key ${each.name}`),
      `printf '%s\\n' ${lines.map((line) => `'${line}'`).join(' ')} > ${section}`,
      `grep -qxF 'Include = ${section}' /etc/pacman.conf || echo 'Include = ${section}' >> /etc/pacman.conf`,
      `pacman -Syu ${packageNames.join(' ') || 'PACKAGE'}`,
    ],
    note: 'pacman-key --init does nothing where a keyring is. Arch supports no partial upgrades, hence -Syu.',
  }
}
