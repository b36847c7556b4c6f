// `distropack admin`.
import { addNoun, addWord, ender, type Words, withServer } from '../words.ts'

export const addAdminWords = (words: Words): void => {
  const { env } = words
  const end = ender(words, () => import('../commands/admin.ts'))
  const admin = addNoun(words, 'admin', 'run an instance; the token is its operator’s')
  const word = (name: string, description: string) => withServer(addWord(admin, name, description))

  word('users', 'list accounts').action((flags) => end((run) => run.listUsers(flags, env), flags))
  word('add-user', 'make an account; its password is asked for, or read from stdin')
    .argument('<email>')
    .option('--name <name>', 'as others see it')
    .option('--organization <name>', 'one that it becomes an owner of')
    .action((email: string, flags) => end((run) => run.addUser(email, flags, env), flags))
  word('invite', 'invite an address to make an account on this instance')
    .argument('<email>')
    .action((email: string, flags) => end((run) => run.inviteUser(email, flags, env), flags))
  word('remove-user', 'delete an account')
    .argument('<user>', 'its id')
    .action((id: string, flags) => end((run) => run.removeUser(id, flags, env), flags))
  word('promote', 'make an account an operator')
    .argument('<user>', 'its id')
    .action((id: string, flags) => end((run) => run.setOperator(id, true, flags, env), flags))
  word('demote', 'make an operator an ordinary account')
    .argument('<user>', 'its id')
    .action((id: string, flags) => end((run) => run.setOperator(id, false, flags, env), flags))
  word('organizations', 'list organizations').action((flags) => end((run) => run.listOrganizations(flags, env), flags))
  word('bootstrap', 'make an organization, or find it, and a token that administers it')
    .argument('<organization>')
    .action((name: string, flags) => end((run) => run.bootstrap(name, flags, env), flags))
  word('dead-letters', 'list jobs that died of the platform’s trouble').action((flags) =>
    end((run) => run.listDeadLetters(flags, env), flags),
  )
  word('replay', 'start a dead job over')
    .argument('<job>', 'its id')
    .action((id: string, flags) => end((run) => run.replay(id, flags, env), flags))
  word('reindex', 'make every index of a repository anew from the database')
    .argument('<organization/project>')
    .action((name: string, flags) => end((run) => run.reindex(name, flags, env), flags))
  word('outbox', 'list what should follow a change and fails again and again').action((flags) =>
    end((run) => run.listOutbox(flags, env), flags),
  )
  word('rotate-key', 'seal every secret under the present KEY_ENCRYPTION_KEY').action((flags) =>
    end((run) => run.rotateKey(flags, env), flags),
  )
  word('sweep', 'take up again whatever was lost between two steps, now').action((flags) =>
    end((run) => run.sweep(flags, env), flags),
  )
  word('read-only', 'say whether the platform takes changes, or set it')
    .argument('[on|off]')
    .option('--reason <text>', 'what people are told')
    .action((state: 'on' | 'off' | undefined, flags) => end((run) => run.readOnly(state, flags, env), flags))
}
