// `distropack project`.
import { Option } from 'commander'
import {
  addNoun,
  addWord,
  ender,
  type Words,
  withAccess,
  withOrganization,
  withProject,
  withServer,
  withYes,
} from '../words.ts'

export const addProjectWords = (words: Words): void => {
  const { env, terminal } = words
  const end = ender(words, () => import('../commands/projects.ts'))
  const project = addNoun(words, 'project', 'projects: one repository each')
  withOrganization(addWord(project, 'list', 'list the projects of an organization')).action((flags) =>
    end((run) => run.listProjects(flags, env), flags),
  )
  withAccess(withServer(addWord(project, 'create', 'make a project with its signing keys, or find it')))
    .argument('<organization/name>')
    .addOption(new Option('--key <kind>', 'of its OpenPGP key').choices(['rsa4096', 'ed25519']).default('rsa4096'))
    .action((name: string, flags) => end((run) => run.createProject(name, flags, env, terminal), flags))
  withProject(addWord(project, 'show', 'show a project')).action((flags) =>
    end((run) => run.showProject(flags, env), flags),
  )
  withProject(addWord(project, 'edit', 'make a project private or public'))
    .addOption(new Option('--private', 'for those with a token').conflicts('public'))
    .addOption(new Option('--public', 'for everybody'))
    .action((flags) => end((run) => run.editProject(flags, env), flags))
  withProject(addWord(project, 'archive', 'take nothing new; readers read on')).action((flags) =>
    end((run) => run.archiveProject(true, flags, env), flags),
  )
  withProject(addWord(project, 'unarchive', 'take it up again')).action((flags) =>
    end((run) => run.archiveProject(false, flags, env), flags),
  )
  withYes(withProject(addWord(project, 'transfer', 'move a project to another organization')))
    .argument('<organization>', 'one in which you may make projects')
    .action((organization: string, flags) =>
      end((run) => run.transferProject(organization, flags, env, terminal), flags),
    )
  withProject(addWord(project, 'install', 'the lines a reader pastes, per distribution'))
    .option('-c, --channel <name>', 'what readers subscribe to', 'stable')
    .action((flags) => end((run) => run.installLines(flags, env), flags))
}
