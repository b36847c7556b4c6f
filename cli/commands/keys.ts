// `distropack keys list`, `rotate` and `retire`: which keys sign, and how one follows another.
import { readFile } from 'node:fs/promises'
import { basename } from 'node:path'
import type { NewKey, SigningKey } from '@distropack/core/contract/keys.ts'
import { ok, type Result } from '@distropack/core/result.ts'
import { clientTrouble, type Outcome, type Trouble, usageTrouble } from '../outcome.ts'
import { type Environment, openProject, type ServerFlags } from '../settings.ts'

const KINDS = { openpgp: 'OpenPGP', rsa: 'RSA', usign: 'usign' } as const

const lineOf = ({ kind, name, state, createdAtMs }: SigningKey): string =>
  `${KINDS[kind].padEnd(8)} ${state.padEnd(8)} ${new Date(createdAtMs).toISOString().slice(0, 10)}  ${name}`

const shown = (keys: readonly SigningKey[], words: readonly string[] = []): Outcome =>
  ok({ document: { keys }, lines: [...keys.map(lineOf), ...words] })

export const listKeys = async (flags: ServerFlags, env: Environment): Promise<Outcome> => {
  const project = await openProject(flags, env)
  if (!project.ok) return project
  const answer = await project.value.keys()
  return answer.ok ? shown(answer.value.items) : clientTrouble(answer.error)
}

export interface RotateFlags extends ServerFlags {
  readonly kind: 'rsa4096' | 'ed25519'
  readonly import?: string
  readonly importRsa?: string
}

const readKeyFile = async (path: string): Promise<Result<string, Trouble>> => {
  try {
    return ok(await readFile(path, 'utf8'))
  } catch (error) {
    return usageTrouble(`${path} cannot be read: ${(error as Error).message}`)
  }
}

/** abuild-keygen writes NAME.rsa, and readers have NAME.rsa.pub. */
const readRsaKey = async (path: string): Promise<Result<NewKey['rsa'], Trouble>> => {
  const name = `${basename(path)}.pub`
  if (!name.endsWith('.rsa.pub')) {
    return usageTrouble(
      `${path}: readers know the key by its file's name. Name it NAME.rsa where they have NAME.rsa.pub.`,
    )
  }
  const privateKey = await readKeyFile(path)
  return privateKey.ok ? ok({ name, privateKey: privateKey.value }) : privateKey
}

const newKey = async (flags: RotateFlags): Promise<Result<NewKey, Trouble>> => {
  const rsa = flags.importRsa === undefined ? ok(undefined) : await readRsaKey(flags.importRsa)
  if (!rsa.ok) return rsa
  const own = rsa.value ? { rsa: rsa.value } : {}
  if (flags.import === undefined) return ok({ kind: flags.kind, ...own })
  const privateKey = await readKeyFile(flags.import)
  return privateKey.ok ? ok({ kind: 'import', privateKey: privateKey.value, ...own }) : privateKey
}

export const rotateKeys = async (flags: RotateFlags, env: Environment): Promise<Outcome> => {
  const signing = await newKey(flags)
  if (!signing.ok) return signing
  const project = await openProject(flags, env)
  if (!project.ok) return project
  const answer = await project.value.rotateKeys({ signing: signing.value })
  if (!answer.ok) return clientTrouble(answer.error)
  return shown(answer.value.items, [
    'Both sign now. When readers had time to fetch the next key: distropack keys retire',
  ])
}

export interface RetireFlags extends ServerFlags {
  readonly compromised?: boolean
}

export const retireKeys = async (flags: RetireFlags, env: Environment): Promise<Outcome> => {
  const project = await openProject(flags, env)
  if (!project.ok) return project
  const answer = await project.value.retireKeys({ compromised: flags.compromised ?? false })
  return answer.ok ? shown(answer.value.items) : clientTrouble(answer.error)
}
