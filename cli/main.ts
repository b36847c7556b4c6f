// The command line: its words, and the one edge where an outcome becomes output and an exit status. A command's own code
// is loaded when it runs.
import { Command, CommanderError } from 'commander'
import { fileTrouble } from './file-trouble.ts'
import { addAccountWords } from './nouns/account.ts'
import { addAdminWords } from './nouns/admin.ts'
import { addAuditWord } from './nouns/audit.ts'
import { addBuildWords } from './nouns/builds.ts'
import { addKeyWords } from './nouns/keys.ts'
import { addBeginningWords, addMachineWords } from './nouns/machine.ts'
import { addManifestWords } from './nouns/manifests.ts'
import { addOrganizationWords } from './nouns/organizations.ts'
import { addPackageWords } from './nouns/packages.ts'
import { addProjectWords } from './nouns/projects.ts'
import { addPublisherWords } from './nouns/publishers.ts'
import { addPublishingWords } from './nouns/publishing.ts'
import { addTokenWords } from './nouns/tokens.ts'
import { addWebhookWords } from './nouns/webhooks.ts'
import { EXIT, EXIT_HELP, type Outcome, type Trouble } from './outcome.ts'
import packageFile from './package.json' with { type: 'json' }
import { openTerminal, print, printTrouble } from './terminal.ts'

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
    print(`${JSON.stringify(document, null, 2)}\n`)
    return
  }
  if (outcome.ok) {
    print(outcome.value.lines.map((line) => `${line}\n`).join(''))
    return
  }
  for (const { message } of outcome.error.faults) printTrouble(`error: ${message}\n`)
  if (outcome.error.requestId) printTrouble(`request ${outcome.error.requestId}\n`)
}

/** Before commander has read the line, and when it cannot. */
const isJsonAsked = (): boolean => process.argv.includes('--json')

const program = new Command('distropack')
  .description('Packages for every distribution and hosted repositories, from one manifest. Every nfpm.yaml is one.')
  .version(packageFile.version, '-V, --version')
  // `publish --version 2.0.0` is the package's, not this program's.
  .enablePositionalOptions()
  .addHelpText('after', EXIT_HELP)
  .showSuggestionAfterError()
  .exitOverride()
  .configureOutput({ writeErr: (text) => isJsonAsked() || printTrouble(text) })

/** Commander writes help at once and waits for nothing, so the list of formats is loaded before it might be asked for. */
const isHelpAsked = process.argv.some((word) => ['-h', '--help', 'help', 'man'].includes(word))
const targetsHelp = isHelpAsked ? (await import('./targets-help.ts')).TARGETS_HELP : ''

const words = { program, env: process.env, terminal: openTerminal(() => process.argv.includes('--json')), finish }

program.commandsGroup('Make and publish:')
addBeginningWords(words)
addBuildWords(words, targetsHelp)
addPublishingWords(words, targetsHelp)
program.commandsGroup('On this machine:')
addMachineWords(words)
program.commandsGroup('What is published:')
addPackageWords(words)
addManifestWords(words)
program.commandsGroup('Projects and people:')
addAccountWords(words)
addProjectWords(words)
addKeyWords(words)
addPublisherWords(words)
addOrganizationWords(words)
addTokenWords(words)
addWebhookWords(words)
addAuditWord(words)
addAdminWords(words)

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
    printTrouble(`${error instanceof Error ? error.stack : String(error)}\n`)
    const message = error instanceof Error ? error.message : String(error)
    if (isJsonAsked())
      finish({ ok: false, error: { exitCode: EXIT.refused, code: 'internal', faults: [{ message }] } }, true)
    process.exitCode = EXIT.refused
  } else if (error.exitCode !== 0) {
    if (isJsonAsked()) finish(usage(error.message), true)
    process.exitCode = EXIT.usage
  }
}
