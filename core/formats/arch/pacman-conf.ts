// How an Arch user subscribes: a section of pacman.conf in a file of its own, and a key they sign locally.
import type { Instruction, PublicKeys, ReaderAddress } from '../../format.ts'
import { readerUrl, TOKEN_LINE, writeSecret } from '../../text/reader-url.ts'
import { databaseName, ROOT } from './database.ts'

export const pacmanInstructions = (
  address: ReaderAddress,
  packageNames: readonly string[],
  { openpgp }: PublicKeys,
): Instruction => {
  const name = databaseName(address)
  const key = `/etc/pacman.d/${name}.asc`
  const section = `/etc/pacman.d/${name}.conf`
  const { baseUrl, channel, isPrivate } = address
  // `$arch` is pacman's, and must reach it as it is.
  const server = readerUrl(`${baseUrl}/${ROOT}/${channel}/${isPrivate ? '\\$arch' : '$arch'}`, isPrivate)
  const lines = [
    `'[${name}]'`,
    // Signatures on the database and on every package: pacman's default trusts an unsigned database.
    "'SigLevel = Required DatabaseRequired'",
    isPrivate ? `"Server = ${server.slice(1)}` : `'Server = ${server}'`,
  ]
  const print = `printf '%s\\n' ${lines.join(' ')}`
  return {
    title: 'Arch Linux and its relatives (pacman)',
    commands: [
      ...(isPrivate ? [TOKEN_LINE] : []),
      `curl -fsSL -o ${key} ${readerUrl(`${baseUrl}/key.asc`, isPrivate)}`,
      'pacman-key --init',
      `pacman-key --add ${key}`,
      ...openpgp.map((each) => `pacman-key --lsign-key ${each.name}`),
      isPrivate ? writeSecret(section, print) : `${print} > ${section}`,
      `grep -qxF 'Include = ${section}' /etc/pacman.conf || echo 'Include = ${section}' >> /etc/pacman.conf`,
      `pacman -Syu ${packageNames.join(' ') || 'PACKAGE'}`,
    ],
    note: 'pacman-key --init does nothing where a keyring is. Arch supports no partial upgrades, hence -Syu.',
  }
}
