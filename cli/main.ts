// The command line: options and help, and the one edge where an outcome becomes output and an exit status. A command's
// own code is loaded when it runs: most ask a server something, and need neither formats nor codecs.
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander'
import { addAdminCommands } from './admin-commands.ts'
import { fileTrouble } from './file-trouble.ts'
import { EXIT, EXIT_HELP, type Outcome, type Trouble } from './outcome.ts'
import packageFile from './package.json' with { type: 'json' }
import { openTerminal } from './terminal.ts'

const terminal = openTerminal()
const { env } = process

const collect = (value: string, values: readonly string[] = []): readonly string[] => [...values, value]

const parseSeconds = (text: string): number => {
  const seconds = Number(text)
  if (Number.isFinite(seconds) && seconds > 0) return seconds
  throw new InvalidArgumentError('It is a number of seconds.')
}

const errorDocument = ({ code, faults, requestId, document }: Trouble): object => ({
  ok: false,
  error: {
    code,
    message: faults.map(({ message }) => message).join('\n'),
    faults,
    ...(requestId ? { requestId } : {}),
  },
  ...document,
})

// `distropack packages | head`: whoever reads has enough, and that is nobody's trouble.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error
  process.exit()
})

const finish = (outcome: Outcome, isJson: boolean): void => {
  process.exitCode = outcome.ok ? EXIT.ok : outcome.error.exitCode
  if (isJson) {
    const document = outcome.ok ? { ok: true, ...outcome.value.document } : errorDocument(outcome.error)
    process.stdout.write(`${JSON.stringify(document, null, 2)}\n`)
    return
  }
  if (outcome.ok) {
    process.stdout.write(outcome.value.lines.map((line) => `${line}\n`).join(''))
    return
  }
  for (const { message } of outcome.error.faults) process.stderr.write(`error: ${message}\n`)
  if (outcome.error.requestId) process.stderr.write(`request ${outcome.error.requestId}\n`)
}

const jsonOption = () => new Option('--json', 'one JSON document on stdout')

const withServer = (command: Command): Command =>
  command
    .option('--url <address>', 'the server (DISTROPACK_API_URL)')
    .option('--token <token>', 'who asks (DISTROPACK_API_TOKEN)')

const withProject = (command: Command): Command =>
  withServer(command).option('-p, --project <organization/name>', 'the project (DISTROPACK_PROJECT)')

/** Of a project that is made on the way. */
const withAccess = (command: Command): Command =>
  command
    .addOption(new Option('--private', 'a new project is for those with a token').conflicts('public'))
    .addOption(new Option('--public', 'a new project is for everybody'))

const withManifest = (command: Command): Command =>
  command
    .option('-f, --file <path>', 'manifest (default: distropack.yaml, else nfpm.yaml)')
    .option('--version <version>', "instead of the manifest's own")
    .option(
      '-t, --target <target...>',
      "format/architecture, one or several; may be repeated; a format alone is of the manifest's own architecture",
      collect,
    )
    .option('--keep-going', 'leave out targets that cannot be made of this manifest, and make the rest')

/** Waiting is what most want; a script may say so all the same. */
const withWaiting = (command: Command): Command =>
  command
    .option('--wait', 'wait until everything is published, and fail if it is not', true)
    .option('--no-wait', 'end as soon as the server has it all')
    .option('--timeout <seconds>', 'give up waiting after this long', parseSeconds, 1800)

/** Commander writes help at once and waits for nothing, so the list of formats is loaded before it might be asked for. */
const isHelpAsked = process.argv.some((word) => ['-h', '--help', 'help'].includes(word))
const targetsHelp = isHelpAsked ? (await import('./targets-help.ts')).TARGETS_HELP : ''

const program = new Command('distropack')
  .description('Packages for every distribution and hosted repositories, from one manifest. Every nfpm.yaml is one.')
  .version(packageFile.version, '-V, --version')
  // `publish --version 2.0.0` is the package's, not this program's.
  .enablePositionalOptions()
  .addHelpText('after', EXIT_HELP)
  .showSuggestionAfterError()
  .exitOverride()
  .configureOutput({ writeErr: (text) => isJsonAsked() || process.stderr.write(text) })

/** Before commander has read the line, and when it cannot. */
const isJsonAsked = (): boolean => process.argv.includes('--json')

const command = (name: string, description: string): Command =>
  program.command(name).description(description).addOption(jsonOption()).addHelpText('after', EXIT_HELP)

withServer(command('login', 'check a token and keep it for later commands')).action(async (flags) => {
  const { login } = await import('./commands/login.ts')
  finish(await login(flags, env), flags.json ?? false)
})

withWaiting(withAccess(withProject(withManifest(command('publish', 'build on the server and publish to a channel')))))
  .option('-c, --channel <name>', 'what readers subscribe to', 'stable')
  .option('--sbom <path>', 'your own bill of materials (CycloneDX or SPDX, JSON), served beside the packages')
  .addHelpText('after', targetsHelp)
  .action(async ({ timeout, ...flags }) => {
    const { publish } = await import('./commands/publish.ts')
    finish(await publish({ ...flags, timeoutSeconds: timeout }, env, terminal), flags.json ?? false)
  })

withWaiting(withAccess(withProject(command('push', 'publish finished packages, made by anything'))))
  .argument('<file...>', 'packages: .deb, .apk, …')
  .option('-c, --channel <name>', 'what readers subscribe to', 'stable')
  .action(async (files: readonly string[], { timeout, ...flags }) => {
    const { push } = await import('./commands/push.ts')
    finish(await push(files, { ...flags, timeoutSeconds: timeout }, env, terminal), flags.json ?? false)
  })

withProject(command('packages', 'what is published')).action(async (flags) => {
  const { packages } = await import('./commands/packages.ts')
  finish(await packages(flags, env), flags.json ?? false)
})

const MEANT = 'NAME, NAME@VERSION, a file name, an id, or a version that one package alone has'
const withDryRun = (command: Command): Command => command.option('--dry-run', 'say what it means, and do nothing')

withDryRun(withProject(command('yank', 'offer it no more; its exact address still serves it')))
  .argument('<package>', MEANT)
  .option('-c, --channel <name>', 'of this channel alone')
  .action(async (word: string, flags) => {
    const { yank } = await import('./commands/packages.ts')
    finish(await yank(word, flags, env, terminal), flags.json ?? false)
  })

withDryRun(withProject(command('unyank', 'offer it again')))
  .argument('<package>', MEANT)
  .option('-c, --channel <name>', 'in this channel alone')
  .action(async (word: string, flags) => {
    const { unyank } = await import('./commands/packages.ts')
    finish(await unyank(word, flags, env, terminal), flags.json ?? false)
  })

withDryRun(withProject(command('delete', 'take it away; its version stays taken')))
  .argument('<package>', MEANT)
  .option('-y, --yes', 'do not ask')
  .action(async (word: string, flags) => {
    const { remove } = await import('./commands/packages.ts')
    finish(await remove(word, flags, env, terminal), flags.json ?? false)
  })

const keyWords = program
  .command('keys')
  .description('signing keys, and how one follows another')
  .addHelpText('after', EXIT_HELP)
const keyCommand = (name: string, description: string): Command =>
  withProject(keyWords.command(name).description(description).addOption(jsonOption()).addHelpText('after', EXIT_HELP))

keyCommand('list', 'which there are, those at work first').action(async (flags) => {
  const { listKeys } = await import('./commands/keys.ts')
  finish(await listKeys(flags, env), flags.json ?? false)
})

keyCommand('rotate', 'make the next keys: readers get them now, and both sign')
  .addOption(new Option('--kind <kind>', 'of the OpenPGP key').choices(['rsa4096', 'ed25519']).default('rsa4096'))
  .option('--import <file>', 'an OpenPGP key of your own, armored, without passphrase')
  .option('--import-rsa <file>', 'an abuild key of your own, NAME.rsa, without passphrase')
  .action(async (flags) => {
    const { rotateKeys } = await import('./commands/keys.ts')
    finish(await rotateKeys(flags, env), flags.json ?? false)
  })

keyCommand('retire', 'sign with the next keys alone')
  .option('--compromised', 'tell readers to trust the old ones no more, also for packages they signed')
  .action(async (flags) => {
    const { retireKeys } = await import('./commands/keys.ts')
    finish(await retireKeys(flags, env), flags.json ?? false)
  })

withManifest(command('build', 'build packages on this machine, without a server'))
  .option('-o, --out <folder>', 'where the packages go', '.')
  .addHelpText('after', targetsHelp)
  .action(async (flags) => {
    const { build } = await import('./commands/build.ts')
    finish(await build(flags, env, terminal), flags.json ?? false)
  })

withProject(command('status', 'what became of a build'))
  .argument('<build>', 'its id')
  .action(async (id: string, flags) => {
    const { status } = await import('./commands/inspect-build.ts')
    finish(await status(id, flags, env), flags.json ?? false)
  })

withProject(command('logs', 'what a build said'))
  .argument('<build>', 'its id')
  .option('-t, --target <format/architecture>', 'only this one, as in deb/amd64')
  .action(async (id: string, flags) => {
    const { logs } = await import('./commands/inspect-build.ts')
    finish(await logs(id, flags, env), flags.json ?? false)
  })

// The same with and without --json: it is one document.
command('jsonschema', "the manifest's JSON Schema, for editors").action(async () => {
  const { manifestJsonSchema } = await import('@distropack/core/manifest/schema.ts')
  process.stdout.write(`${JSON.stringify(manifestJsonSchema(), null, 2)}\n`)
})

addAdminCommands(program, {
  env,
  dress: (made) => withServer(made).addOption(jsonOption()).addHelpText('after', EXIT_HELP),
  finish,
})

const usage = (message: string): Outcome => ({
  ok: false,
  error: { exitCode: EXIT.usage, code: 'usage', faults: [{ message: message.replace(/^error: /, '') }] },
})

try {
  await program.parseAsync()
} catch (error) {
  const ofFile = fileTrouble(error)
  if (ofFile) {
    finish({ ok: false, error: ofFile }, isJsonAsked())
  } else if (!(error instanceof CommanderError)) {
    // A bug, or a disk that is full: all of it for who must find it.
    process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`)
    const message = error instanceof Error ? error.message : String(error)
    if (isJsonAsked())
      finish({ ok: false, error: { exitCode: EXIT.refused, code: 'internal', faults: [{ message }] } }, true)
    process.exitCode = EXIT.refused
  } else if (error.exitCode !== 0) {
    if (isJsonAsked()) finish(usage(error.message), true)
    process.exitCode = EXIT.usage
  }
}
