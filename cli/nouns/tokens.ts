// `distropack token`.
import { Option } from 'commander'
import { addNoun, addWord, collect, ender, parseWholeSeconds, type Words, withOrganization, withYes } from '../words.ts'

const DAY_SECONDS = 24 * 3600

export const addTokenWords = (words: Words): void => {
  const { env, terminal } = words
  const end = ender(words, () => import('../commands/tokens.ts'))
  const token = addNoun(words, 'token', 'tokens: what programs show instead of a password')
  const word = (name: string, description: string) =>
    withOrganization(addWord(token, name, description))
      .option('--personal', 'your own, not an organization’s; your password is asked for')
      .option('--email <address>', 'with --personal: who you are (default: who logged in)')

  word('list', 'list tokens, without their secrets').action((flags) =>
    end((run) => run.listTokens(flags, env, terminal), flags),
  )
  word('create', 'make a token; its secret is shown once')
    .argument('<name>', 'what it is for')
    .addOption(
      new Option('-s, --scope <scope...>', 'what it may do')
        .choices(['read', 'publish', 'admin'])
        .makeOptionMandatory()
        .argParser(collect),
    )
    .option('-p, --project <organization/name>', 'of this project alone')
    .option('--expires <days|date>', 'when it ends: 90, or 2027-01-31')
    .action((name: string, flags) => end((run) => run.createToken(name, flags, env, terminal), flags))
  word('rotate', 'give a token a new secret')
    .argument('<token>', 'its id')
    .option('--overlap <seconds>', 'how long the old secret goes on working', parseWholeSeconds, DAY_SECONDS)
    .action((id: string, flags) => end((run) => run.rotateToken(id, flags, env, terminal), flags))
  withYes(word('revoke', 'revoke a token'))
    .argument('<token>', 'its id')
    .action((id: string, flags) => end((run) => run.revokeToken(id, flags, env, terminal), flags))
}
