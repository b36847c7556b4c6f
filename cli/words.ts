// What the words of the command line are made with: options that many of them take, and the one way in which a command's
// own code is loaded, run and ended. Most commands ask a server something, and need neither formats nor codecs.
import { type Command, InvalidArgumentError, Option } from 'commander'
import { EXIT_HELP, type Outcome } from './outcome.ts'
import type { Environment } from './settings.ts'
import type { Terminal } from './terminal.ts'

export interface Words {
  readonly program: Command
  readonly env: Environment
  readonly terminal: Terminal
  /** Writes the outcome and sets the exit status. */
  readonly finish: (outcome: Outcome, isJson: boolean) => void
}

export interface CommonFlags {
  readonly json?: boolean
}

export const jsonOption = (): Option => new Option('--json', 'one JSON document on stdout')

export const collect = (value: string, values: readonly string[] = []): readonly string[] => [...values, value]

export const parseSeconds = (text: string): number => {
  const seconds = Number(text)
  if (Number.isFinite(seconds) && seconds > 0) return seconds
  throw new InvalidArgumentError('It is a number of seconds.')
}

/** 0 is one, too. */
export const parseWholeSeconds = (text: string): number => {
  const seconds = Number(text)
  if (text !== '' && Number.isInteger(seconds) && seconds >= 0) return seconds
  throw new InvalidArgumentError('It is a whole number of seconds.')
}

export const parseCount = (text: string): number => {
  const count = Number(text)
  if (Number.isInteger(count) && count > 0) return count
  throw new InvalidArgumentError('It is a whole number, 1 or more.')
}

/** `distropack NOUN`: a group of words. */
export const addNoun = ({ program }: Words, name: string, description: string): Command =>
  program.command(name).description(description).addHelpText('after', EXIT_HELP)

/** One word, of the program or of a noun. */
export const addWord = (parent: Command, name: string, description: string): Command =>
  parent.command(name).description(description).addOption(jsonOption()).addHelpText('after', EXIT_HELP)

export const withServer = (command: Command): Command =>
  command
    .option('--url <address>', 'the server (DISTROPACK_API_URL)')
    .option('--token <token>', 'who asks (DISTROPACK_API_TOKEN)')

export const withProject = (command: Command): Command =>
  withServer(command).option(
    '-p, --project <organization/name>',
    "the project (DISTROPACK_PROJECT, or the manifest's `project`)",
  )

export const withOrganization = (command: Command): Command =>
  withServer(command).option('-o, --org <organization>', "the organization (default: the project's)")

/** What a token may not do. */
export const withPerson = (command: Command): Command =>
  command
    .option('--url <address>', 'the server (DISTROPACK_API_URL)')
    .option('--email <address>', 'who you are (default: who logged in); your password is asked for')

/** Of a project that is made on the way. */
export const withAccess = (command: Command): Command =>
  command
    .addOption(new Option('--private', 'a new project is for those with a token').conflicts('public'))
    .addOption(new Option('--public', 'a new project is for everybody'))

export const withManifest = (command: Command): Command =>
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
export const withWaiting = (command: Command): Command =>
  command
    .option('--wait', 'wait until everything is published, and fail if it is not', true)
    .option('--no-wait', 'end as soon as the server has it all')
    .option('--timeout <seconds>', 'give up waiting after this long', parseSeconds, 1800)

/** Of what cannot be undone. */
export const withYes = (command: Command): Command => command.option('-y, --yes', 'do not ask')

export const withDryRun = (command: Command): Command =>
  command.option('--dry-run', 'say what would be done, and do nothing')

/** Loads a room of commands, runs one of them, ends with its outcome. */
export const ender =
  <Room>({ finish }: Words, load: () => Promise<Room>) =>
  async (run: (room: Room) => Promise<Outcome>, { json = false }: CommonFlags): Promise<void> =>
    finish(await run(await load()), json)
