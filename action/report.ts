// What the run's page shows: annotations at the manifest's lines, outputs for later steps, a summary for people.
import { type AnnotationProperties, ExitCode, error, info, notice, setOutput, summary, warning } from '@actions/core'
import type { Build, Job } from '@distropack/core/contract/api.ts'
import type { Warning } from '@distropack/core/warning.ts'
import type { Trouble } from '../cli/outcome.ts'
import { printable } from '../cli/terminal.ts'

/**
 * A line of the log. The runner takes `::name::` at a line's beginning, and `##[name]` anywhere in it, for a command of
 * this step; names of files and words of a server are neither.
 */
export const log = (text: string): void => {
  const lines = printable(text).split('\n')
  for (const line of lines) info(line.replace(/^(\s*):(?=:)/, '$1: ').replaceAll('##[', '## ['))
}

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }
/** The summary is HTML, and escapes nothing. */
const html = (text: string): string => text.replace(/[&<>"]/g, (character) => ENTITIES[character] ?? '')

type Where = Trouble['faults'][number]['where']

const placeOf = (where: Where): AnnotationProperties => ({
  ...(where?.file === undefined ? {} : { file: where.file }),
  ...(where?.line === undefined ? {} : { startLine: where.line }),
  ...(where?.column === undefined ? {} : { startColumn: where.column }),
})

export const reportTrouble = ({ faults, requestId }: Trouble): void => {
  for (const { message, where } of faults) error(message, placeOf(where))
  if (requestId) log(`Quote request ${requestId} when you ask for help.`)
  process.exitCode = ExitCode.Failure
}

export interface Published {
  readonly build: Build
  readonly install?: readonly { readonly title: string; readonly commands: readonly string[] }[]
  readonly warnings?: readonly Warning[]
}

/** That of the file with the fewest additions to it: `1.2.3` and not an rpm's `1.2.3-1`. */
const versionOf = (jobs: readonly Job[]): string => {
  const versions = jobs.flatMap(({ artifact }) => (artifact ? [artifact.version] : []))
  return versions.sort((a, b) => a.length - b.length)[0] ?? ''
}

const pageOf = (url: string, { organization, project }: Build): string => `${url}/r/${organization}/${project}`

export const setOutputs = ({ build }: Published, url: string): void => {
  const files = build.jobs.flatMap(({ target, artifact }) => (artifact ? [{ target, ...artifact }] : []))
  setOutput('build', build.id)
  setOutput('version', versionOf(build.jobs))
  const generations = build.jobs.flatMap(({ generation }) => (generation === null ? [] : [generation]))
  setOutput('generation', generations.length > 0 ? Math.max(...generations) : '')
  setOutput('install-page', pageOf(url, build))
  setOutput('artifacts', files)
  setOutput(
    'provenance',
    files.map((file) => `${file.url}.intoto.jsonl`),
  )
}

/** Of a repeated run: everything was there before it began. */
export const isUnchanged = ({ build }: Published, generationBefore: number | undefined): boolean =>
  generationBefore !== undefined &&
  build.jobs.length > 0 &&
  build.jobs.every(({ generation }) => generation !== null && generation <= generationBefore)

export const reportPublished = async (published: Published, url: string, unchanged: boolean): Promise<void> => {
  const { build, install = [], warnings = [] } = published
  const name = `${build.organization}/${build.project}`
  for (const { message, where } of warnings) warning(message, placeOf(where))
  if (unchanged) notice(`${name} has all of this already, byte for byte: nothing was published anew.`)
  summary.addHeading(`${name}, channel ${build.channel}`, 2)
  summary.addTable([
    ['target', 'version', 'file', 'state'].map((data) => ({ data, header: true })),
    ...build.jobs.map(({ target, artifact, state }) => [
      html(target),
      html(artifact?.version ?? ''),
      artifact ? `<a href="${html(artifact.url)}">${html(artifact.fileName)}</a>` : '',
      unchanged ? 'was there' : state,
    ]),
  ])
  if (install.length > 0) {
    summary.addHeading('Install', 3)
    for (const { title, commands } of install)
      summary.addRaw(`**${html(title)}**`, true).addCodeBlock(html(commands.join('\n')), 'sh')
  }
  summary.addLink('All of it, with keys and earlier states', pageOf(url, build))
  await summary.write()
}
