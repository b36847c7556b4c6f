// Words that work on this machine: a manifest to begin with, what is wrong with it, what is in a file, what is here.

import { EXIT_HELP } from '../outcome.ts'
import { addWord, ender, type Words, withManifest, withProject } from '../words.ts'

/** The first two of a new manifest. */
export const addBeginningWords = (words: Words): void => {
  const { env, terminal, program } = words
  const init = ender(words, () => import('../commands/init.ts'))
  addWord(program, 'init', 'write a manifest to begin with, from what is in this folder')
    .option('-f, --file <path>', 'where it goes', 'distropack.yaml')
    .option('-p, --project <organization/name>', 'where its packages are published')
    .option('--force', 'also where there is one already')
    .action((flags) => init((run) => run.init(flags), flags))

  const validate = ender(words, () => import('../commands/validate.ts'))
  withManifest(addWord(program, 'validate', 'check the manifest and its sources, and say what they make')).action(
    (flags) => validate((run) => run.validate(flags, env, terminal), flags),
  )
}

export const addMachineWords = (words: Words): void => {
  const { env, terminal, program } = words
  const inspect = ender(words, () => import('../commands/inspect-file.ts'))
  addWord(program, 'inspect', 'show what a finished package says of itself')
    .argument('<file>', 'a .deb, .rpm, .apk, .ipk, .pkg.tar.…, or one of our archives')
    .option('--files', 'with its paths')
    .action((path: string, flags) => inspect((run) => run.inspect(path, flags, terminal), flags))

  const doctor = ender(words, () => import('../commands/doctor.ts'))
  withProject(addWord(program, 'doctor', 'check this machine, the server, the token and the keys')).action((flags) =>
    doctor((run) => run.doctor(flags, env), flags),
  )

  const open = ender(words, () => import('../commands/open.ts'))
  withProject(addWord(program, 'open', "open the project's page in a browser"))
    .option('--print', 'only print its address')
    .action((flags) => open((run) => run.open(flags, env), flags))

  const shell = ender(words, () => import('../commands/shell.ts'))
  addWord(program, 'completion', 'print what completes these words in a shell')
    .argument('<shell>', 'bash, zsh or fish')
    .action((name: string, flags) => shell((run) => Promise.resolve(run.completion(name, program)), flags))
  addWord(program, 'man', 'print the manual page, for man -l -')
    .option('--markdown', 'the same in Markdown')
    .action((flags) => shell((run) => Promise.resolve(run.man(program, EXIT_HELP, flags)), flags))

  // The same with and without --json: it is one document.
  addWord(program, 'jsonschema', "print the manifest's JSON Schema, for editors").action(async () => {
    const { manifestJsonSchema } = await import('@distropack/core/manifest/schema.ts')
    process.stdout.write(`${JSON.stringify(manifestJsonSchema(), null, 2)}\n`)
  })
}
