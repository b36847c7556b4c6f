// `distropack keys list`, `rotate` and `retire`: which keys sign, and how one follows another.
import { readFile } from 'node:fs/promises'
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
}

const newKey = async (flags: RotateFlags): Promise<Result<NewKey, Trouble>> => {
  if (flags.import === undefined) return ok({ kind: flags.kind })
  try {
    return ok({ kind: 'import', privateKey: await readFile(flags.import, 'utf8') })
  } catch (error) {
    return usageTrouble(`${flags.import} cannot be read: ${(error as Error).message}`)
  }
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
