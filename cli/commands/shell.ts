// `distropack completion` and `man`: both from the words of the program itself, so that they say what it does.

import { ok } from '@distropack/core/result.ts'
import type { Argument, Command, Option } from 'commander'
import { type Outcome, usageTrouble } from '../outcome.ts'

const wordsOf = (command: Command): readonly Command[] => command.commands.filter((each) => each.name() !== 'help')
const optionsOf = (command: Command): readonly Option[] => [...command.options, { long: '--help' } as Option]
const flagsOf = (command: Command): readonly string[] => optionsOf(command).flatMap(({ long }) => (long ? [long] : []))

interface Place {
  /** Words behind `distropack` that lead here. */
  readonly path: readonly string[]
  readonly command: Command
}

const placesIn = (command: Command, path: readonly string[] = []): readonly Place[] => [
  { path, command },
  ...wordsOf(command).flatMap((each) =>
    [each.name(), ...each.aliases()].flatMap((name) => placesIn(each, [...path, name])),
  ),
]

/** A case a place: what may follow there. */
const bashCases = (program: Command): string =>
  placesIn(program)
    .map(({ path, command }) => {
      const words = [...wordsOf(command).map((each) => each.name()), ...flagsOf(command)]
      return `    '${path.join(' ')}') words='${words.join(' ')}' ;;`
    })
    .join('\n')

/** The words so far, without options, lead to the place; files complete where nothing else does. */
const bash = (
  program: Command,
): string => `# distropack completion for bash: source it, or keep it in bash-completion's folder.
_distropack() {
  local current=\${COMP_WORDS[COMP_CWORD]} path='' word words=''
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case $word in -*) ;; *) path="\${path:+$path }$word" ;; esac
  done
  case $path in
${bashCases(program)}
    *) words='' ;;
  esac
  mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
}
complete -o default -F _distropack distropack`

const zsh = (program: Command): string => `#compdef distropack
# distropack completion for zsh: keep it as _distropack in a folder of $fpath.
_distropack() {
  local path='' word words_here=''
  for word in "\${(@)words[2,CURRENT-1]}"; do
    case $word in -*) ;; *) path="\${path:+$path }$word" ;; esac
  done
  case $path in
${bashCases(program).replaceAll(') words=', ') words_here=')}
    *) words_here='' ;;
  esac
  [[ -n $words_here ]] && compadd -- \${(s: :)words_here}
  _files
}
compdef _distropack distropack`

const fishText = (text: string): string => text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")

/** Exactly the words of the path so far: fish tests each rule by itself. */
const fish = (program: Command): string => {
  const rules = placesIn(program).flatMap(({ path, command }) => {
    const at = `-n '__distropack_at ${path.join(' ')}'`
    return [
      ...wordsOf(command).map(
        (each) => `complete -c distropack ${at} -a ${each.name()} -d '${fishText(each.description())}'`,
      ),
      ...command.options.map(({ long, short, description }) => {
        const names = [long && `-l ${long.slice(2)}`, short && `-s ${short.slice(1)}`].filter(Boolean).join(' ')
        return `complete -c distropack ${at} ${names} -d '${fishText(description ?? '')}'`
      }),
    ]
  })
  return `# distropack completion for fish: keep it as ~/.config/fish/completions/distropack.fish
function __distropack_at
    set -l path
    for word in (commandline -opc)[2..]
        string match -q -- '-*' $word; or set path $path $word
    end
    test "$path" = "$argv"
end
${rules.join('\n')}`
}

const SHELLS = { bash, zsh, fish } as const

export const completion = (shell: string, program: Command): Outcome => {
  const write = Object.hasOwn(SHELLS, shell) ? SHELLS[shell as keyof typeof SHELLS] : undefined
  if (!write) return usageTrouble(`"${shell}" is not one of ${Object.keys(SHELLS).join(', ')}.`)
  const text = write(program)
  return ok({ document: { shell, text }, lines: [text] })
}

/** man(7): a leading dot or quote would be a request, and a backslash an escape. */
const roff = (text: string): string =>
  text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replaceAll(/[^\n -~]/gu, (each) => `\\[u${each.codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0')}]`)
    .replaceAll(/^([.'])/gm, '\\&$1')

const argumentText = (argument: Argument): string => {
  const word = `${argument.name()}${argument.variadic ? '...' : ''}`
  return argument.required ? `<${word}>` : `[${word}]`
}

interface Entry {
  readonly usage: string
  readonly says: string
  /** An argument or an option, and what it is. */
  readonly terms: readonly (readonly [term: string, says: string])[]
}

const entryOf = ({ path, command }: Place): Entry => {
  const args = command.registeredArguments.map(argumentText)
  return {
    usage: ['distropack', ...path, ...(command.options.length > 0 ? ['[options]'] : []), ...args].join(' '),
    says: command.description(),
    terms: [
      ...command.registeredArguments
        .filter(({ description }) => description)
        .map((each) => [argumentText(each), each.description] as const),
      ...command.options.map(({ flags, description, defaultValue }) => {
        const isSaid = defaultValue !== undefined && typeof defaultValue !== 'boolean'
        return [flags, isSaid ? `${description} (default: ${defaultValue})` : description] as const
      }),
    ],
  }
}

/** Words that do something; a noun alone does not, but `build` does both. Each under one of its names. */
const entriesOf = (program: Command): readonly Entry[] => {
  const seen = new Set<Command>()
  const places = placesIn(program).filter(({ path, command }) => {
    const isNoun = wordsOf(command).length > 0 && command.options.length === 0
    if (path.length === 0 || isNoun || seen.has(command)) return false
    seen.add(command)
    return true
  })
  return places.map(entryOf)
}

const VARIABLES = {
  DISTROPACK_API_URL: 'The server.',
  DISTROPACK_API_TOKEN: 'Who asks.',
  DISTROPACK_PROJECT: 'The project, organization/name.',
  DISTROPACK_ID_TOKEN: 'In CI: the run’s identity token, where the CI puts it into a variable.',
  SOURCE_DATE_EPOCH: 'Seconds since 1970, for everything the manifest gives no time.',
  XDG_CONFIG_HOME: 'Where distropack/config.json is, which login writes (default: ~/.config).',
} as const

const manEntry = ({ usage, says, terms }: Entry): string =>
  [`.SS ${roff(usage)}`, roff(says), ...terms.flatMap(([term, text]) => ['.TP', `.B ${roff(term)}`, roff(text)])].join(
    '\n',
  )

const exitTable = (exitHelp: string): string => exitHelp.replace(/^\n?Exit status:\n/, '')

const manPage = (program: Command, exitHelp: string): string =>
  [
    `.TH DISTROPACK 1 "" "distropack ${program.version() ?? ''}" "User Commands"`,
    '.SH NAME',
    `distropack \\- ${roff('packages for every distribution, and hosted repositories, from one manifest')}`,
    '.SH SYNOPSIS',
    '.B distropack',
    '.I command',
    roff('[options]'),
    '.SH DESCRIPTION',
    roff(program.description()),
    '.SH COMMANDS',
    ...entriesOf(program).map(manEntry),
    '.SH EXIT STATUS',
    '.nf',
    roff(exitTable(exitHelp)),
    '.fi',
    '.SH ENVIRONMENT',
    ...Object.entries(VARIABLES).flatMap(([name, says]) => ['.TP', `.B ${roff(name)}`, roff(says)]),
  ].join('\n')

const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('<', '\\<')

const markdownEntry = ({ usage, says, terms }: Entry): string =>
  [
    `## \`${usage}\``,
    '',
    `${says.replace(/^./, (letter) => letter.toUpperCase())}.`,
    '',
    '| | |',
    '|---|---|',
    ...terms.map(([term, text]) => `| \`${term.replaceAll('|', '\\|')}\` | ${cell(text)} |`),
    '',
  ].join('\n')

const markdownPage = (program: Command, exitHelp: string): string =>
  [
    '# The command line',
    '',
    `${program.description()} This page is \`distropack man --markdown\`.`,
    '',
    ...entriesOf(program).map(markdownEntry),
    '## Exit status',
    '',
    '```text',
    exitTable(exitHelp),
    '```',
    '',
    '## Variables',
    '',
    '| | |',
    '|---|---|',
    ...Object.entries(VARIABLES).map(([name, says]) => `| \`${name}\` | ${cell(says)} |`),
  ].join('\n')

export const man = (program: Command, exitHelp: string, { markdown = false }): Outcome => {
  const text = markdown ? markdownPage(program, exitHelp) : manPage(program, exitHelp)
  return ok({ document: { text }, lines: [text] })
}
