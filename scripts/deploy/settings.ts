// What a deployment is called, where it is reached and who runs it: asked once, kept beside the generated configuration,
// and said anew by flags. Secrets are in a file of their own, which only its owner reads.
import { randomBytes } from 'node:crypto'
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT } from '../platform/root.ts'

export interface Settings {
  /** Of the Worker, the database, the bucket and the queues, which all begin with it. */
  readonly name: string
  /** A host of a zone in the account, as in packages.example.org; without one it is NAME.SUBDOMAIN.workers.dev. */
  readonly domain?: string
  readonly operatorEmail: string
  /** `image`: the container of containers/packager/Dockerfile, which needs Docker here. Else the address of a packager. */
  readonly packager: string
  /** Where the login reaches several. */
  readonly accountId?: string
  readonly mailUrl?: string
  readonly mailFrom?: string
}

export class DeployError extends Error {}

const NAME = /^[a-z][a-z0-9-]{0,40}[a-z0-9]$/
const HOST = /^(?=.{1,253}$)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,}$/

/** The first thing that is wrong with them, as a sentence. */
export const settingsTrouble = (settings: Partial<Settings>): string | undefined => {
  const { name = '', domain, operatorEmail = '', packager = '' } = settings
  if (!NAME.test(name)) return `"${name}" is no name: 2 to 42 of a-z, 0-9 and -, beginning with a letter. Give --name.`
  if (domain !== undefined && !HOST.test(domain)) return `"${domain}" is no host name; write packages.example.org.`
  if (!/^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(operatorEmail)) {
    return 'Who runs it? Give --operator-email, the mailbox of the first operator.'
  }
  if (packager === 'image') return undefined
  if (/^https:\/\/[^\s/]+$/.test(packager)) return undefined
  return `"${packager}" is no packager: image, where Docker is here, or the https address of one of your own.`
}

export const folderOf = (name: string): string => join(ROOT, '.distropack/deploy', name)

export const readSettings = (name: string): Partial<Settings> => {
  const path = join(folderOf(name), 'settings.json')
  return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as Partial<Settings>) : {}
}

/** For this user's eyes alone, from the moment it exists. */
export const writePrivate = (folder: string, name: string, text: string): string => {
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const path = join(folder, name)
  writeFileSync(path, text, { mode: 0o600 })
  chmodSync(path, 0o600)
  return path
}

/** Those every Worker has; `PACKAGER_TOKEN` for a packager of one's own. */
export type Secrets = Readonly<
  Record<'KEY_ENCRYPTION_KEY' | 'AUTH_SECRET' | 'OPERATOR_TOKEN' | 'METRICS_TOKEN' | 'PACKAGER_TOKEN', string>
>

const text = (bytes: number): string => randomBytes(bytes).toString('base64url')

/** Made once; what is there stays. A key-encryption key that is made anew opens nothing that the one before sealed. */
export const ensureSecrets = (folder: string): { readonly secrets: Secrets; readonly path: string } => {
  const path = join(folder, 'secrets.json')
  const kept = existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as Partial<Secrets>) : {}
  const secrets: Secrets = {
    KEY_ENCRYPTION_KEY: randomBytes(32).toString('base64'),
    AUTH_SECRET: text(36),
    OPERATOR_TOKEN: text(36),
    METRICS_TOKEN: text(24),
    PACKAGER_TOKEN: text(36),
    ...kept,
  }
  return { secrets, path: writePrivate(folder, 'secrets.json', `${JSON.stringify(secrets, null, 2)}\n`) }
}
