// `distropack push`: finished packages of anybody's making, sent as they are.
import { stat } from 'node:fs/promises'
import { basename } from 'node:path'
import { MAX_PUSH_FILES } from '@distropack/core/contract/api.ts'
import { channelSchema } from '@distropack/core/contract/wire.ts'
import { type Fault, fault } from '@distropack/core/fault.ts'
import type { UnhashedRecord } from '@distropack/core/manifest/record-tree.ts'
import { parseFileName } from '@distropack/core/registry.ts'
import { ok, type Result } from '@distropack/core/result.ts'
import { unheard } from '@distropack/core/warning.ts'
import { inspectPackage } from '@distropack/packager/host/inspect-package.ts'
import { type AccessFlags, ensureProject } from '../new-project.ts'
import { clientTrouble, faultTrouble, type Outcome, type Trouble, usageTrouble } from '../outcome.ts'
import { type Environment, openClient, projectFor, type ServerFlags } from '../settings.ts'
import { type Terminal, warningsOn } from '../terminal.ts'
import { hashSources, sendMissing } from '../upload-sources.ts'
import { finishedOutcome, startedOutcome, waitFor } from './publish.ts'

export interface PushFlags extends ServerFlags, AccessFlags {
  readonly channel: string
  readonly wait: boolean
  readonly timeoutSeconds: number
}

/** The files as records; each must be there and have a package's ending. What is wrong with any is said of all. */
const findFiles = async (paths: readonly string[]): Promise<Result<readonly UnhashedRecord[], Trouble>> => {
  const records: UnhashedRecord[] = []
  const names = new Set<string>()
  const faults: Fault[] = []
  for (const path of paths) {
    const format = parseFileName(basename(path))
    const found = await stat(path).catch(() => undefined)
    if (!format.ok) faults.push(format.error)
    else if (!found?.isFile()) faults.push(fault('source_missing', `${path} is not a file that is there.`))
    else if (names.has(basename(path)))
      faults.push(fault('content_conflict', `Two of the files are called ${basename(path)}.`))
    names.add(basename(path))
    if (!found) continue
    const mtimeSeconds = Math.floor(found.mtimeMs / 1000)
    records.push({ kind: 'file', path, mode: found.mode & 0o7777, mtimeSeconds, sizeBytes: found.size })
  }
  return faults.length > 0 ? faultTrouble(faults) : ok(records)
}

/**
 * Reads every file as the server will, so that what it would refuse is said before anything is sent: a damaged package, or
 * an archive of another tool, which no index can describe.
 */
const readAhead = async (records: readonly UnhashedRecord[], terminal: Terminal): Promise<Result<void, Trouble>> => {
  const faults: Fault[] = []
  const sizeOf = (record: UnhashedRecord): number => (record.kind === 'file' ? record.sizeBytes : 0)
  const totalBytes = records.reduce((sum, record) => sum + sizeOf(record), 0)
  let readBytes = 0
  for (const record of records) {
    const { path } = record
    // The server says warnings of what it reads.
    const entry = await inspectPackage({ fileName: basename(path), path, warn: unheard })
    if (!entry.ok) faults.push(entry.error)
    readBytes += sizeOf(record)
    terminal.progress('reading', readBytes, totalBytes)
  }
  if (faults.length === 0) return ok(undefined)
  const { length } = records
  return faultTrouble([
    ...faults,
    fault('package_corrupt', `Nothing was sent: ${faults.length} of ${length} files would be refused.`),
  ])
}

export const push = async (
  paths: readonly string[],
  flags: PushFlags,
  env: Environment,
  terminal: Terminal,
): Promise<Outcome> => {
  if (!channelSchema.safeParse(flags.channel).success) return usageTrouble(`"${flags.channel}" is not a channel.`)
  const name = await projectFor(flags, env)
  if (!name.ok) return name
  if (paths.length > MAX_PUSH_FILES) {
    return usageTrouble(
      `${paths.length} files are too many for one push, which takes ${MAX_PUSH_FILES}. Nothing was sent.`,
    )
  }
  const found = await findFiles(paths)
  if (!found.ok) return found
  const sound = await readAhead(found.value, terminal)
  if (!sound.ok) return sound
  const client = await openClient(flags, env)
  if (!client.ok) return client
  const project = client.value.inProject(name.value)
  const ready = await ensureProject(project, name.value, flags, terminal)
  if (!ready.ok) return ready
  const hashed = await hashSources(found.value, terminal)
  if (!hashed.ok) return hashed
  const sent = await sendMissing(project, hashed.value, terminal)
  if (!sent.ok) return sent
  const files = hashed.value.flatMap((record) =>
    record.kind === 'file'
      ? [{ fileName: basename(record.path), sha256: record.sha256, sizeBytes: record.sizeBytes }]
      : [],
  )
  const pushed = await project.createPush({ channel: flags.channel, files })
  if (!pushed.ok) return clientTrouble(pushed.error)
  if (!flags.wait) return startedOutcome(pushed.value, [])
  const { warn, warnings } = warningsOn(terminal)
  const { timeoutSeconds } = flags
  const done = await waitFor(project, pushed.value, { timeoutSeconds, terminal, warn })
  return done.ok ? finishedOutcome(project, done.value, warnings()) : done
}
