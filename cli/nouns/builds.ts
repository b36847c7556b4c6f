// `distropack build`: on this machine, or the builds of the server. `status` and `logs` are short for two of its words.
import { addWord, ender, type Words, withManifest, withProject } from '../words.ts'

const BUILD = ['<build>', 'its id'] as const

export const addBuildWords = (words: Words, targetsHelp: string): void => {
  const { env, terminal, program } = words
  const end = ender(words, () => import('../commands/inspect-build.ts'))
  const local = ender(words, () => import('../commands/build.ts'))
  const first = ender(words, () => import('../commands/first-tools.ts'))

  const build = withManifest(addWord(program, 'build', 'build packages on this machine, without a server'))
    .option('-o, --out <folder>', 'where the packages go', '.')
    .option('--package-id <id>', "build this package of the server's instead (as the first DistroPack's tool has it)")
    .option('--url <address>', 'of the server of --package-id')
    .option('--token <token>', 'who asks it')
    .addHelpText('after', targetsHelp)
    .action((flags) =>
      flags.packageId === undefined
        ? local((run) => run.build(flags, env, terminal), flags)
        : first((run) => run.buildById(flags, env, terminal), flags),
    )

  const show = (parent: typeof program, name: string) =>
    withProject(addWord(parent, name, "show a build's jobs, files and faults"))
      .argument(...BUILD)
      .action((id: string, flags) => end((run) => run.status(id, flags, env), flags))
  const logs = (parent: typeof program) =>
    withProject(addWord(parent, 'logs', "show a build's log"))
      .argument(...BUILD)
      .option('-t, --target <format/architecture>', 'only this one, as in deb/amd64')
      .option('-f, --follow', 'go on until the build is over, and end with its status')
      .action((id: string, flags) => end((run) => run.logs(id, flags, env), flags))

  withProject(addWord(build, 'list', "list the server's builds, newest first")).action((flags) =>
    end((run) => run.listBuilds(flags, env), flags),
  )
  show(build, 'show')
  logs(build)
  show(program, 'status')
  logs(program)
}
