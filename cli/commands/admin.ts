// `distropack admin …`: what the one who runs the instance does. The token is the operator's (OPERATOR_TOKEN).
import { stdin } from 'node:process'
import type { ApiClient, ClientTrouble } from '@distropack/core/contract/client.ts'
import { ok, type Result } from '@distropack/core/result.ts'
import { clientTrouble, type Outcome, usageTrouble } from '../outcome.ts'
import { type Environment, openClient, projectFor, type ServerFlags } from '../settings.ts'
import { askSecret, readAllOfStdin } from '../terminal.ts'

type Operator = ApiClient['operator']
type Answer<T> = Promise<Result<T, ClientTrouble>>

const asOperator = async (
  flags: ServerFlags,
  env: Environment,
  work: (operator: Operator) => Promise<Outcome>,
): Promise<Outcome> => {
  const client = await openClient(flags, env)
  return client.ok ? work(client.value.operator) : client
}

/** Every page of a list, one line an item. */
const listAll = async <T>(
  name: string,
  page: (cursor?: string) => Answer<{ items: T[]; nextCursor: string | null }>,
  line: (item: T) => string,
): Promise<Outcome> => {
  const items: T[] = []
  let cursor: string | undefined
  do {
    const answer = await page(cursor)
    if (!answer.ok) return clientTrouble(answer.error)
    items.push(...answer.value.items)
    cursor = answer.value.nextCursor ?? undefined
  } while (cursor !== undefined)
  return ok({ document: { [name]: items }, lines: items.length > 0 ? items.map(line) : [`No ${name}.`] })
}

const done = async <T>(answer: Answer<T>, say: (value: T) => string): Promise<Outcome> => {
  const { ok: isOk, ...rest } = await answer
  if (!isOk) return clientTrouble((rest as { error: ClientTrouble }).error)
  const { value } = rest as { value: T }
  return ok({ document: { ...(value as object) }, lines: [say(value)] })
}

const dayOf = (ms: number): string => new Date(ms).toISOString().slice(0, 10)

export const listUsers = (flags: ServerFlags, env: Environment): Promise<Outcome> =>
  asOperator(flags, env, (operator) =>
    listAll('users', operator.users, ({ id, email, isOperator, emailVerified, createdAtMs }) =>
      [id, dayOf(createdAtMs), email, isOperator ? 'operator' : '', emailVerified ? '' : 'unconfirmed']
        .join('  ')
        .trimEnd(),
    ),
  )

export interface NewUserFlags extends ServerFlags {
  readonly name?: string
  readonly organization?: string
}

/** The password is asked for, or read from stdin: on a command line others would see it. */
export const addUser = async (email: string, flags: NewUserFlags, env: Environment): Promise<Outcome> => {
  const question = 'Password of the new account (it is not shown): '
  const password = stdin.isTTY ? await askSecret(question) : await readAllOfStdin()
  if (!password) return usageTrouble('No password: write one on stdin, 10 characters or more.')
  const { name = email.split('@')[0] ?? email, organization } = flags
  const user = { email, name, password, ...(organization === undefined ? {} : { organization }) }
  return asOperator(flags, env, (operator) => done(operator.createUser(user), ({ id }) => `Made ${id} for ${email}.`))
}

export const inviteUser = (email: string, flags: ServerFlags, env: Environment): Promise<Outcome> =>
  asOperator(flags, env, (operator) =>
    done(operator.invite(email), ({ id }) => `Invited ${email} to this instance: ${id}.`),
  )

export const removeUser = (userId: string, flags: ServerFlags, env: Environment): Promise<Outcome> =>
  asOperator(flags, env, (operator) => done(operator.deleteUser(userId), () => `Deleted ${userId}.`))

export const setOperator = (userId: string, on: boolean, flags: ServerFlags, env: Environment): Promise<Outcome> =>
  asOperator(flags, env, (operator) =>
    done(operator.setOperator(userId, on), ({ email }) => `${email} is ${on ? 'an operator' : 'no operator'} now.`),
  )

export const listOrganizations = (flags: ServerFlags, env: Environment): Promise<Outcome> =>
  asOperator(flags, env, (operator) =>
    listAll(
      'organizations',
      operator.organizations,
      ({ organization, members, projects, createdAtMs }) =>
        `${dayOf(createdAtMs)}  ${organization}  ${members} members, ${projects} projects`,
    ),
  )

export const bootstrap = (organization: string, flags: ServerFlags, env: Environment): Promise<Outcome> =>
  asOperator(flags, env, (operator) =>
    done(operator.bootstrap(organization), ({ secret }) => `A token that administers ${organization}: ${secret}`),
  )

export const listDeadLetters = (flags: ServerFlags, env: Environment): Promise<Outcome> =>
  asOperator(flags, env, (operator) =>
    listAll(
      'dead letters',
      operator.deadLetters,
      ({ jobId, organization, project, target, fault }) =>
        `${jobId}  ${organization}/${project}  ${target}  ${fault.message}`,
    ),
  )

export const replay = (jobId: string, flags: ServerFlags, env: Environment): Promise<Outcome> =>
  asOperator(flags, env, (operator) => done(operator.replay(jobId), () => `${jobId} waits for a packager again.`))

export const reindex = async (word: string, flags: ServerFlags, env: Environment): Promise<Outcome> => {
  const name = await projectFor({ ...flags, project: word }, env)
  if (!name.ok) return name
  const { organization, project } = name.value
  return asOperator(flags, env, (operator) =>
    done(
      operator.reindex(organization, project),
      () => `${word} is being indexed anew; readers see the outcome at once.`,
    ),
  )
}

/** Until nothing is left: each request reseals a part. */
export const rotateKey = (flags: ServerFlags, env: Environment): Promise<Outcome> =>
  asOperator(flags, env, async (operator) => {
    let resealed = 0
    for (;;) {
      const answer = await operator.rotateKey()
      if (!answer.ok) return clientTrouble(answer.error)
      resealed += answer.value.resealed
      if (answer.value.remaining > 0) continue
      const line = `${resealed} secrets are sealed under the present key; KEY_ENCRYPTION_KEY_BEFORE can go.`
      return ok({ document: { resealed, remaining: 0 }, lines: [line] })
    }
  })

/** What follows a change (a token's grant, a publisher to wake) and fails again and again. */
export const listOutbox = (flags: ServerFlags, env: Environment): Promise<Outcome> =>
  asOperator(flags, env, (operator) =>
    listAll(
      'stuck work',
      operator.outbox,
      ({ kind, subject, attempts, message, createdAtMs }) =>
        `${dayOf(createdAtMs)}  ${kind}  ${subject}  ${attempts} attempts  ${message}`,
    ),
  )

export const sweep = (flags: ServerFlags, env: Environment): Promise<Outcome> =>
  asOperator(flags, env, (operator) => done(operator.sweep(), () => 'Swept.'))

export const readOnly = (
  word: 'on' | 'off' | undefined,
  flags: ServerFlags & { readonly reason?: string },
  env: Environment,
): Promise<Outcome> =>
  asOperator(flags, env, (operator) =>
    done(
      word === undefined ? operator.state() : operator.setReadOnly(word === 'on', flags.reason),
      (state) =>
        `The platform ${state.readOnly ? 'is read-only' : 'takes changes'}${state.reason ? `: ${state.reason}` : ''}.`,
    ),
  )
