// gpg's own keys for tests, in a home nobody else uses: what a packager's `gpg --export-secret-keys` gives.
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export interface GpgHome {
  readonly folder: string
  /** Makes an RSA key with a subkey, both able to sign, and returns their long ids. */
  makeKey(address: string, passphrase: string): { readonly primary: string; readonly subkey: string }
  exportSecret(address: string, passphrase: string, form?: 'armored' | 'binary'): Buffer
  exportPublic(address: string): Buffer
  /** Ends the agent too. */
  close(): void
}

export const openGpgHome = (): GpgHome => {
  // A socket's path has 108 bytes, so the name is short.
  const folder = mkdtempSync(join(tmpdir(), 'gpg-'))
  const env = { ...process.env, GNUPGHOME: folder, LC_ALL: 'C' }
  const gpg = (...args: readonly string[]): Buffer =>
    execFileSync('gpg', ['--batch', '--quiet', '--pinentry-mode', 'loopback', ...args], {
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
  return {
    folder,
    makeKey(address, passphrase) {
      gpg('--passphrase', passphrase, '--quick-generate-key', `Test <${address}>`, 'rsa2048', 'sign,cert', 'never')
      const list = () => gpg('--with-colons', '--list-secret-keys', address).toString().split('\n')
      const fingerprint =
        list()
          .find((line) => line.startsWith('fpr:'))
          ?.split(':')[9] ?? ''
      gpg('--passphrase', passphrase, '--quick-add-key', fingerprint, 'rsa2048', 'sign', 'never')
      const idOf = (kind: string): string =>
        list()
          .find((line) => line.startsWith(kind))
          ?.split(':')[4] ?? ''
      return { primary: idOf('sec:'), subkey: idOf('ssb:') }
    },
    exportSecret: (address, passphrase, form = 'armored') =>
      gpg('--passphrase', passphrase, ...(form === 'armored' ? ['--armor'] : []), '--export-secret-keys', address),
    exportPublic: (address) => gpg('--export', address),
    close() {
      spawnSync('gpgconf', ['--homedir', folder, '--kill', 'all'])
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
