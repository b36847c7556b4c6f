// `distropack package`: what is published, and taking it back.
import { createHash } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { mkdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { Artifact } from '@distropack/core/contract/client.ts'
import { findMeant } from '@distropack/core/packages/meant.ts'
import { FORMATS, parseFileName } from '@distropack/core/registry.ts'
import { err, ok, type Result } from '@distropack/core/result.ts'
import type { Project } from '../new-project.ts'
import { clientTrouble, EXIT, type Outcome, type Trouble, usageTrouble } from '../outcome.ts'
import { type Environment, openAccess, openProject, type ServerAccess, type ServerFlags } from '../settings.ts'
import { formatBytes, type Terminal } from '../terminal.ts'
import { dayOf, inColumns, timeOf } from './answers.ts'

const readAll = async (project: Project): Promise<Result<readonly Artifact[], Trouble>> => {
  const items: Artifact[] = []
  for (let cursor: string | undefined; ; ) {
    const page = await project.artifacts(cursor)
    if (!page.ok) return clientTrouble(page.error)
    items.push(...page.value.items)
    if (page.value.nextCursor === null) return ok(items)
    cursor = page.value.nextCursor
  }
}

const row = ({ id, fileName, version, channels, yankedFrom, createdAtMs, sizeBytes }: Artifact): readonly string[] => [
  id,
  fileName,
  version,
  dayOf(createdAtMs),
  formatBytes(sizeBytes),
  channels.join(',') || '-',
  yankedFrom.length > 0 ? `(yanked from ${yankedFrom.join(',')})` : '',
]

export const packages = async (flags: ServerFlags, env: Environment): Promise<Outcome> => {
  const project = await openProject(flags, env)
  if (!project.ok) return project
  const found = await readAll(project.value)
  if (!found.ok) return found
  const lines = found.value.length > 0 ? inColumns(found.value.map(row)) : ['Nothing is published yet.']
  return ok({ document: { packages: found.value }, lines })
}

/** The files a word means. */
const findFiles = async (
  word: string,
  flags: ServerFlags,
  env: Environment,
): Promise<Result<readonly Artifact[], Trouble>> => {
  const project = await openProject(flags, env)
  if (!project.ok) return project
  const all = await readAll(project.value)
  if (!all.ok) return all
  const meant = findMeant(all.value, word, FORMATS)
  return meant.ok ? ok(meant.value) : usageTrouble(meant.error)
}

const detailsOf = (artifact: Artifact): readonly string[] => [
  artifact.fileName,
  ...inColumns(
    [
      ['id', artifact.id],
      ['package', `${artifact.name} ${artifact.version} (${artifact.format}, ${artifact.arch})`],
      ['channels', artifact.channels.join(', ') || 'none'],
      ...(artifact.yankedFrom.length > 0 ? [['yanked from', artifact.yankedFrom.join(', ')]] : []),
      ['published', timeOf(artifact.createdAtMs)],
      ['size', formatBytes(artifact.sizeBytes)],
      ['sha256', artifact.sha256],
      ['address', artifact.url],
      ...artifact.warnings.map(({ message }) => ['warning', message]),
    ].map(([name = '', value = '']) => [`  ${name}`, value]),
  ),
]

export const showPackage = async (word: string, flags: ServerFlags, env: Environment): Promise<Outcome> => {
  const found = await findFiles(word, flags, env)
  return found.ok ? ok({ document: { packages: found.value }, lines: found.value.flatMap(detailsOf) }) : found
}

/** A server that is taken over, or none of ours, writes into this folder only, and nothing but packages. */
const isPackageName = (fileName: string): boolean => !/[/\\\p{Cc}]/u.test(fileName) && parseFileName(fileName).ok

const refused = (code: Trouble['code'], message: string): Result<never, Trouble> =>
  err({ exitCode: EXIT.refused, code, faults: [{ message }] })

/** The address is the server's word, and may be none. */
const fetchFile = async (url: string, access: ServerAccess): Promise<Result<Response, Trouble>> => {
  try {
    const headers = isOwn(url, access.url) ? { authorization: `Bearer ${access.token}` } : {}
    const response = await fetch(url, { headers })
    return response.ok && response.body ? ok(response) : refused('not_found', `${url} answered ${response.status}.`)
  } catch (error) {
    const { message, cause } = error as Error
    const reason = cause instanceof Error && cause.message ? cause.message : message
    const faults = [{ message: `${url} gives no usable answer: ${reason}.` }]
    return err({ exitCode: EXIT.unreachable, code: 'server_unreachable', faults })
  }
}

/** Under another name until all of it is there and its hash is right. */
const download = async (
  { url, fileName, sha256 }: Artifact,
  folder: string,
  access: ServerAccess,
): Promise<Result<string, Trouble>> => {
  if (!isPackageName(fileName)) {
    return refused(
      'path_unsafe',
      `The server calls a file "${fileName}", which is no package's name; it is not written.`,
    )
  }
  const path = join(folder, fileName)
  const unfinished = `${path}.${process.pid}.unfinished`
  const response = await fetchFile(url, access)
  if (!response.ok) return response
  try {
    const hash = createHash('sha256')
    const body = Readable.fromWeb(response.value.body as never)
    body.on('data', (chunk: Uint8Array) => hash.update(chunk))
    await pipeline(body, createWriteStream(unfinished))
    if (hash.digest('hex') !== sha256) {
      return refused(
        'digest_mismatch',
        `${fileName} arrived with another sha256 than it was published with; try again.`,
      )
    }
    await rename(unfinished, path)
    return ok(path)
  } finally {
    await rm(unfinished, { force: true })
  }
}

/** A token goes to the server it was made for, and to no other. */
const isOwn = (address: string, server: string): boolean => new URL(address).origin === new URL(server).origin

export const downloadPackages = async (
  word: string,
  flags: ServerFlags & { readonly out: string },
  env: Environment,
  terminal: Terminal,
): Promise<Outcome> => {
  const access = await openAccess(flags, env)
  if (!access.ok) return access
  const found = await findFiles(word, flags, env)
  if (!found.ok) return found
  await mkdir(flags.out, { recursive: true })
  const paths: string[] = []
  for (const artifact of found.value) {
    terminal.say(`downloading ${artifact.fileName}`)
    const path = await download(artifact, flags.out, access.value)
    if (!path.ok) return path
    paths.push(path.value)
  }
  return ok({ document: { paths }, lines: paths })
}

export interface WithdrawFlags extends ServerFlags {
  readonly channel?: string
  /** Says what would be done, and does nothing. */
  readonly dryRun?: boolean
  /** Of `delete`: do not ask. */
  readonly yes?: boolean
}

interface Change {
  /** `yank` … as the command is called, and as it is said afterwards. */
  readonly verb: string
  readonly done: string
  /** Channels of a file that it would change. Absent: it is of the file and of no channel. */
  readonly channels?: (artifact: Artifact) => readonly string[]
  readonly isFinal?: true
  readonly run: (
    project: Project,
    artifact: Artifact,
    channel: string | undefined,
  ) => Promise<Result<unknown, Parameters<typeof clientTrouble>[0]>>
}

const YANK: Change = {
  verb: 'yank',
  done: 'yanked',
  channels: ({ channels }) => channels,
  run: (project, { id }, channel) => project.yank(id, channel),
}
const UNYANK: Change = {
  verb: 'unyank',
  done: 'offered again',
  channels: ({ yankedFrom }) => yankedFrom,
  run: (project, { id }, channel) => project.unyank(id, channel),
}
const DELETE: Change = {
  verb: 'delete',
  done: 'deleted',
  isFinal: true,
  run: (project, { id }) => project.deleteArtifact(id),
}

/** Those of the files that the change would do anything to; trouble when there is none. */
const changeable = (
  meant: readonly Artifact[],
  word: string,
  { verb, channels }: Change,
  channel: string | undefined,
): Result<readonly Artifact[], Trouble> => {
  if (!channels) return ok(meant)
  const some = meant.filter((artifact) => {
    const offered = channels(artifact)
    return channel === undefined ? offered.length > 0 : offered.includes(channel)
  })
  if (some.length > 0) return ok(some)
  const state = verb === 'yank' ? 'offered' : 'yanked'
  const place = channel === undefined ? `${state} nowhere` : `not ${state} in the channel "${channel}"`
  const elsewhere = [...new Set(meant.flatMap(channels))]
  const hint = elsewhere.length > 0 ? ` It is in: ${elsewhere.join(', ')}.` : ''
  return usageTrouble(`"${word}" is ${place}: there is nothing to ${verb}.${hint}`)
}

const fileLine = (artifact: Artifact, { channels }: Change, channel: string | undefined): string => {
  const where = channel ?? channels?.(artifact).join(', ')
  return `  ${artifact.fileName}${where ? `  (${where})` : ''}`
}

/** Whoever cannot be asked must have said so. */
const confirm = async (
  files: readonly Artifact[],
  { verb, isFinal }: Change,
  { yes }: WithdrawFlags,
  terminal: Terminal,
): Promise<Result<void, Trouble>> => {
  if (!isFinal || yes) return ok(undefined)
  const answer = await terminal.ask(
    `They cannot be brought back, and their versions stay taken. Really ${verb} ${files.length}? [y/N] `,
  )
  if (answer === undefined) return usageTrouble(`Nothing was done: say --yes to ${verb} them.`)
  return /^y(es)?$/i.test(answer.trim()) ? ok(undefined) : usageTrouble('Nothing was done.')
}

const runChange = async (
  word: string,
  flags: WithdrawFlags,
  env: Environment,
  terminal: Terminal,
  change: Change,
): Promise<Outcome> => {
  const project = await openProject(flags, env)
  if (!project.ok) return project
  const all = await readAll(project.value)
  if (!all.ok) return all
  const meant = findMeant(all.value, word, FORMATS)
  if (!meant.ok) return usageTrouble(meant.error)
  const files = changeable(meant.value, word, change, flags.channel)
  if (!files.ok) return files
  const lines = files.value.map((artifact) => fileLine(artifact, change, flags.channel))
  terminal.say(`to ${change.verb}:`)
  for (const line of lines) terminal.say(line)
  if (flags.dryRun)
    return ok({ document: { dryRun: true, packages: files.value }, lines: ['Nothing was done: --dry-run.'] })
  const confirmed = await confirm(files.value, change, flags, terminal)
  if (!confirmed.ok) return confirmed
  for (const artifact of files.value) {
    const changed = await change.run(project.value, artifact, flags.channel)
    if (!changed.ok) return clientTrouble(changed.error)
  }
  return ok({
    document: { packages: files.value },
    lines: files.value.map(({ fileName }) => `${change.done} ${fileName}`),
  })
}

export const yank = (word: string, flags: WithdrawFlags, env: Environment, terminal: Terminal): Promise<Outcome> =>
  runChange(word, flags, env, terminal, YANK)

export const unyank = (word: string, flags: WithdrawFlags, env: Environment, terminal: Terminal): Promise<Outcome> =>
  runChange(word, flags, env, terminal, UNYANK)

export const remove = (word: string, flags: WithdrawFlags, env: Environment, terminal: Terminal): Promise<Outcome> =>
  runChange(word, flags, env, terminal, DELETE)
