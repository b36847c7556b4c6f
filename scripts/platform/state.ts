// The state folder of a local platform: one owner at a time, secrets made once, and what a client needs to begin.
import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** Trouble a person can end; scripts print the sentence and exit with 1. */
export class StartError extends Error {}

const DENIED = ['EACCES', 'EPERM', 'EROFS', 'ENOTDIR', 'EEXIST']

/** What a person can mend about a start that failed; undefined of a bug. */
export const adviceOn = (error: unknown): string | undefined => {
  if (error instanceof StartError) return error.message
  const { code = '', path } = error as NodeJS.ErrnoException
  if (!DENIED.includes(code) || !path) return undefined
  const help =
    'If a start with sudo left it to root, give it back with chown; or set DISTROPACK_STATE_DIR to a folder of yours.'
  return `${path} cannot be opened (${code}). ${help}`
}

export interface Secrets {
  /** 32 bytes in base64; seals every signing key in the store. */
  readonly keyEncryptionKey: string
  readonly operatorToken: string
  /** Seals sessions, codes and second factors. */
  readonly authSecret: string
  /** Of the first account, which is the operator's. */
  readonly accountPassword: string
}

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    // EPERM: alive, and another user's.
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

/** When a process began, in clock ticks since boot (proc(5), field 22 of stat); tells a reused process id apart. */
const startedAt = (pid: number): string => {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? ''
  } catch {
    return ''
  }
}

/** Makes this process the only owner of the folder. The lock of a process that is gone is taken over. */
export const lockState = (directory: string): { readonly release: () => void } => {
  mkdirSync(directory, { recursive: true, mode: 0o700 })
  const file = join(directory, 'lock')
  const mine = `${process.pid} ${startedAt(process.pid)}\n`
  for (let attempt = 0; attempt < 2; attempt++) {
    try {
      writeFileSync(file, mine, { flag: 'wx', mode: 0o600 })
      const release = (): void => rmSync(file, { force: true })
      // Miniflare ends the process on a signal by itself; the lock goes with it.
      process.once('exit', release)
      return {
        release: () => {
          process.off('exit', release)
          release()
        },
      }
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    }
    const [pid = '', began = ''] = readFileSync(file, 'utf8').trim().split(' ')
    if (isAlive(Number(pid)) && startedAt(Number(pid)) === began) {
      throw new StartError(
        `Process ${pid} is already running a platform on ${directory}. Stop it, or set DISTROPACK_STATE_DIR to another folder.`,
      )
    }
    rmSync(file, { force: true })
  }
  throw new StartError(`Two platforms are starting on ${directory} at once. Start one of them again.`)
}

/** Whole or not at all, so that a start which dies here leaves nothing half-written behind. */
const writeSecretFile = (file: string, text: string): void => {
  const draft = `${file}.${process.pid}.new`
  writeFileSync(draft, text, { mode: 0o600 })
  renameSync(draft, file)
}

const KEY_FILE = 'key-encryption-key'
const OPERATOR_FILE = 'operator-token'
const AUTH_FILE = 'auth-secret'
const PASSWORD_FILE = 'account-password'
/** Where Miniflare keeps R2, D1, Durable Objects and queues. */
export const storageOf = (directory: string): string => join(directory, 'storage')

/**
 * An empty folder for one process of the platform to work in, made anew: what a process that was killed left there, a
 * half-built package of gigabytes perhaps, goes when the next one starts. For the owner of the state alone.
 */
export const emptyWorkRoom = (directory: string, process: 'packager' | 'runtime'): string => {
  const room = join(directory, 'work', process)
  rmSync(room, { recursive: true, force: true })
  mkdirSync(room, { recursive: true, mode: 0o700 })
  return room
}

const readOrMake = (file: string, bytes: number): string => {
  if (!existsSync(file)) writeSecretFile(file, `${randomBytes(bytes).toString('hex')}\n`)
  return readFileSync(file, 'utf8').trim()
}

/**
 * Reads the secrets, or makes them when the state is new. Signing keys in the store are sealed by the key-encryption
 * key, so a state without it is lost: a new key would hide that until the first publish fails.
 */
export const openSecrets = (directory: string): Secrets => {
  const keyFile = join(directory, KEY_FILE)
  if (!existsSync(keyFile)) {
    if (existsSync(storageOf(directory))) {
      throw new StartError(
        `${keyFile} is missing, and the signing keys in ${storageOf(directory)} cannot be opened without it. ` +
          `Put the file back from your backup, or remove ${directory} to begin anew.`,
      )
    }
    writeSecretFile(keyFile, `${randomBytes(32).toString('base64')}\n`)
  }
  return {
    keyEncryptionKey: readFileSync(keyFile, 'utf8').trim(),
    operatorToken: readOrMake(join(directory, OPERATOR_FILE), 32),
    authSecret: readOrMake(join(directory, AUTH_FILE), 32),
    accountPassword: readOrMake(join(directory, PASSWORD_FILE), 16),
  }
}

/** The account of a local platform: its operator's, and an owner of the demonstration organization. */
export const LOCAL_EMAIL = 'operator@distropack.local'

export interface LocalAccess {
  readonly url: string
  readonly token: string
  readonly email: string
  readonly password: string
}

/** How a program on this machine finds the running platform: `local.json`, readable by its owner alone. */
export const writeLocalAccess = (directory: string, access: LocalAccess): void =>
  writeSecretFile(join(directory, 'local.json'), `${JSON.stringify(access, null, 2)}\n`)

export const readSeed = (directory: string): { readonly token: string } | undefined => {
  const file = join(directory, 'seed.json')
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as { token: string }) : undefined
}

/** Written when the demonstration repository stands complete; until then every start goes on with it. */
export const writeSeed = (directory: string, seed: { readonly token: string }): void =>
  writeSecretFile(join(directory, 'seed.json'), `${JSON.stringify(seed)}\n`)
