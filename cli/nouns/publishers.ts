// `distropack publisher`.
import { addNoun, addWord, collect, ender, type Words, withProject, withYes } from '../words.ts'

const TRUST_HELP = `
Whom to trust:
  github OWNER/REPOSITORY        [--workflow release.yml] [--environment production] [--ref 'refs/tags/v*']
  gitlab GROUP/PROJECT           [--environment production] [--ref 'refs/tags/v*'] [--issuer https://gitlab.example.org]
  circleci ORGANIZATION/PROJECT  both as UUIDs
  buildkite ORGANIZATION/PIPELINE  [--ref main]
  generic                        --issuer ADDRESS --claim NAME=VALUE …`

export const addPublisherWords = (words: Words): void => {
  const { env, terminal } = words
  const end = ender(words, () => import('../commands/publishers.ts'))
  const publisher = addNoun(words, 'publisher', 'CI runs that may publish without a secret')
  withProject(addWord(publisher, 'list', 'list whom the project trusts')).action((flags) =>
    end((run) => run.listPublishers(flags, env), flags),
  )
  withProject(addWord(publisher, 'add', 'trust the runs of a CI'))
    .argument('<provider>', 'github, gitlab, circleci, buildkite, generic')
    .argument('[subject]', 'its project, in its own words')
    .option('--name <name>', 'as the list shows it')
    .option('--workflow <file>', 'of this workflow alone (github)')
    .option('--environment <name>', 'of this deployment environment alone')
    .option('--ref <pattern>', 'of these branches or tags alone')
    .option('--issuer <address>', 'who signs the identity tokens')
    .option('--claim <name=value...>', 'what they must say; * stands for any run of characters', collect)
    .addHelpText('after', TRUST_HELP)
    .action((provider: string, subject: string | undefined, flags) =>
      end((run) => run.addPublisher(provider, subject, flags, env), flags),
    )
  withYes(withProject(addWord(publisher, 'remove', 'trust them no more')))
    .argument('<publisher>', 'its id')
    .action((id: string, flags) => end((run) => run.removePublisher(id, flags, env, terminal), flags))
}
