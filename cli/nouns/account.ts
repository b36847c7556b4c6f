// `distropack login`, `logout`, `whoami`, `config`.
import { addNoun, addWord, ender, type Words, withServer } from '../words.ts'

export const addAccountWords = (words: Words): void => {
  const { env, terminal, program } = words
  const end = ender(words, () => import('../commands/account.ts'))
  withServer(addWord(program, 'login', 'sign in, or check a token, and keep it for later commands'))
    .option('--email <address>', 'sign in with a password; a token is made for this machine')
    .action((flags) => end((run) => run.login(flags, env, terminal), flags))
  addWord(program, 'logout', 'forget the kept token, and revoke it if login made it').action((flags) =>
    end((run) => run.logout(env), flags),
  )
  withServer(addWord(program, 'whoami', 'say who asks, and what that opens')).action((flags) =>
    end((run) => run.whoami(flags, env), flags),
  )

  const config = addNoun(words, 'config', 'what is kept for later commands')
  addWord(config, 'show', 'show it, without the token').action((flags) => end((run) => run.showConfig(env), flags))
  addWord(config, 'set-base-url', 'set the server')
    .argument('<address>')
    .action((address: string, flags) => end((run) => run.setConfig('url', address, env), flags))
  addWord(config, 'set-token', 'set the token')
    .argument('<token>', '- reads it from stdin')
    .action((token: string, flags) => end((run) => run.setConfig('token', token, env), flags))
  addWord(config, 'set-project', 'set the project')
    .argument('<organization/name>')
    .action((project: string, flags) => end((run) => run.setConfig('project', project, env), flags))
}
