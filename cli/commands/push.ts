// `distropack push`: finished packages of anybody's making, sent as they are, one or ten thousand. Everything that would be
// refused is said before a byte is sent; small files travel packed; run again, it sends what is missing.
import { readdir, stat } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { type Build, type CheckPush, MAX_PUSH_FILES } from '@distropack/core/contract/api.ts'
import { channelSchema } from '@distropack/core/contract/wire.ts'
import { type Fault, fault } from '@distropack/core/fault.ts'
import { parseFileName } from '@distropack/core/registry.ts'
import { ok, type Result } from '@distropack/core/result.ts'
import { type AccessFlags, ensureProject, type Project } from '../new-project.ts'
import { clientTrouble, faultTrouble, type Outcome, type Trouble, usageTrouble } from '../outcome.ts'
import { type FoundPackage, type ReadPackage, readPackages } from '../read-packages.ts'
import { sendBlobs } from '../send-blobs.ts'
import { type Environment, openClient, projectFor, type ServerFlags } from '../settings.ts'
import { formatBytes, type Terminal, warningsOn } from '../terminal.ts'
import { finishedOutcome, startedOutcome, waitFor } from './publish.ts'

export interface PushFlags extends ServerFlags, AccessFlags {
  readonly channel: string
  readonly wait: boolean
  readonly timeoutSeconds: number
}

/** A folder stands for the packages in it, however deep; what else lies there is left alone. */
const expand = async (paths: readonly string[]): Promise<readonly string[]> => {
  const found: string[] = []
  for (const path of paths) {
    const about = await stat(path).catch(() => undefined)
    if (!about?.isDirectory()) {
      found.push(path)
      continue
    }
    const inside = await readdir(path, { recursive: true, withFileTypes: true })
    const packages = inside.filter((entry) => entry.isFile() && parseFileName(entry.name).ok)
    for (const entry of packages) found.push(join(entry.parentPath, entry.name))
  }
  return found.sort()
}

/** Each must be there and have a package's ending. What is wrong with any is said of all. */
const findFiles = async (paths: readonly string[]): Promise<Result<readonly FoundPackage[], Trouble>> => {
  const files: FoundPackage[] = []
  const names = new Set<string>()
  const faults: Fault[] = []
  for (const path of paths) {
    const fileName = basename(path)
    const format = parseFileName(fileName)
    const found = await stat(path).catch(() => undefined)
    if (!format.ok) faults.push(format.error)
    else if (!found?.isFile()) faults.push(fault('source_missing', `${path} is not a file that is there.`))
    else if (names.has(fileName)) faults.push(fault('content_conflict', `Two of the files are called ${fileName}.`))
    else files.push({ path, fileName, sizeBytes: found.size })
    names.add(fileName)
  }
  if (faults.length === 0 && files.length === 0) return usageTrouble('There is no package among what you named.')
  return faults.length > 0 ? faultTrouble(faults) : ok(files)
}

/** Of so many files as one push takes, and one generation shows. */
const cut = <T>(files: readonly T[]): readonly (readonly T[])[] =>
  Array.from({ length: Math.ceil(files.length / MAX_PUSH_FILES) }, (_, at) =>
    files.slice(at * MAX_PUSH_FILES, (at + 1) * MAX_PUSH_FILES),
  )

const checkedFile = ({ fileName, sha256, sizeBytes, entry }: ReadPackage): CheckPush['files'][number] => {
  const { name, version, arch } = entry
  return { fileName, sha256, sizeBytes, name, version, arch }
}

/** What the server lacks; or all that it would refuse. */
const checkAll = async (
  project: Project,
  channel: string,
  files: readonly ReadPackage[],
): Promise<Result<ReadonlySet<string>, Trouble>> => {
  const missing = new Set<string>()
  for (const some of cut(files)) {
    const checked = await project.checkPush({ channel, files: some.map(checkedFile) })
    if (!checked.ok) return clientTrouble(checked.error)
    for (const sha256 of checked.value.missing) missing.add(sha256)
  }
  return ok(missing)
}

const pushAll = async (
  project: Project,
  channel: string,
  files: readonly ReadPackage[],
): Promise<Result<readonly Build[], Trouble>> => {
  const builds: Build[] = []
  for (const some of cut(files)) {
    const named = some.map(({ fileName, sha256, sizeBytes }) => ({ fileName, sha256, sizeBytes }))
    const pushed = await project.createPush({ channel, files: named })
    if (!pushed.ok) return clientTrouble(pushed.error)
    builds.push(pushed.value)
  }
  return ok(builds)
}

/** The last one's end, or the first that went wrong. */
const waitForAll = async (
  project: Project,
  builds: readonly Build[],
  { wait, timeoutSeconds }: PushFlags,
  terminal: Terminal,
): Promise<Outcome> => {
  if (builds.length > 1) terminal.say(`in ${builds.length} generations: one takes ${MAX_PUSH_FILES} packages`)
  const { warn, warnings } = warningsOn(terminal)
  let outcome: Outcome = usageTrouble('There is no package among what you named.')
  for (const build of builds) {
    if (!wait) {
      outcome = startedOutcome(build, [])
      continue
    }
    const done = await waitFor(project, build, { timeoutSeconds, terminal, warn })
    if (!done.ok) return done
    outcome = await finishedOutcome(project, done.value, warnings())
    if (!outcome.ok) return outcome
  }
  return outcome
}

export const push = async (
  paths: readonly string[],
  flags: PushFlags,
  env: Environment,
  terminal: Terminal,
): Promise<Outcome> => {
  const { channel } = flags
  if (!channelSchema.safeParse(channel).success) return usageTrouble(`"${channel}" is not a channel.`)
  const name = await projectFor(flags, env)
  if (!name.ok) return name
  const found = await findFiles(await expand(paths))
  if (!found.ok) return found
  const read = await readPackages(found.value, terminal)
  if (!read.ok) return read
  const client = await openClient(flags, env)
  if (!client.ok) return client
  const project = client.value.inProject(name.value)
  const ready = await ensureProject(project, name.value, flags, terminal)
  if (!ready.ok) return ready
  const missing = await checkAll(project, channel, read.value)
  if (!missing.ok) return missing
  const unsent = read.value.filter(({ sha256 }) => missing.value.has(sha256))
  const unsentBytes = unsent.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
  terminal.say(`${read.value.length} packages, ${unsent.length} to send (${formatBytes(unsentBytes)})`)
  const sent = await sendBlobs(project, unsent, terminal)
  if (!sent.ok) return sent
  const builds = await pushAll(project, channel, read.value)
  return builds.ok ? waitForAll(project, builds.value, flags, terminal) : builds
}
