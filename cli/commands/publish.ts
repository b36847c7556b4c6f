// `distropack publish`: resolve here, send what the server lacks, build there, wait for the repository.
import { setTimeout as sleep } from 'node:timers/promises'
import type { Build, CreateBuild, Job } from '@distropack/core/contract/api.ts'
import { channelSchema } from '@distropack/core/contract/wire.ts'
import type { Where } from '@distropack/core/fault.ts'
import type { UnhashedRecord } from '@distropack/core/manifest/record-tree.ts'
import { formatTarget } from '@distropack/core/registry.ts'
import { err, ok, type Result } from '@distropack/core/result.ts'
import type { Warn, Warning } from '@distropack/core/warning.ts'
import { hasLocalKey } from '@distropack/packager/host/local-signer.ts'
import { findSources, type ManifestFlags, openManifest } from '../manifest-file.ts'
import { type AccessFlags, ensureProject, type Project } from '../new-project.ts'
import { clientTrouble, EXIT, type Outcome, type Trouble, usageTrouble } from '../outcome.ts'
import { openSbom } from '../sbom.ts'
import { type Environment, openClient, projectFor, type ServerFlags } from '../settings.ts'
import { type Terminal, warningsOn } from '../terminal.ts'
import { hashSources, sendMissing } from '../upload-sources.ts'

export interface PublishFlags extends ManifestFlags, ServerFlags, AccessFlags {
  readonly channel: string
  readonly wait: boolean
  readonly timeoutSeconds: number
  /** The maker's own bill of materials. */
  readonly sbom?: string
}

const FIRST_POLL_MS = 500
const SLOWEST_POLL_MS = 5_000

const jobLine = ({ target, state, faults, artifact }: Job): string => {
  const what = faults[0]?.message ?? artifact?.fileName ?? ''
  return `${target}  ${state}${what ? `  ${what}` : ''}`
}

export interface Watcher {
  readonly timeoutSeconds: number
  readonly terminal: Terminal
  readonly warn: Warn
}

/** Says each change of a job once, and each warning. */
const announcer = ({ terminal, warn }: Watcher) => {
  const said = new Map<string, string>()
  return (build: Build): void => {
    // Of thousands a bar says more than lines.
    const isShort = Object.values(build.counts).reduce((sum, count) => sum + count, 0) <= build.jobs.length
    for (const job of build.jobs) {
      if (said.get(job.id) === job.state) continue
      said.set(job.id, job.state)
      if (isShort || job.state === 'failed' || job.state === 'dead') terminal.say(jobLine(job))
      for (const each of job.warnings) warn(each)
    }
  }
}

/** The line that asks what became of it, for whoever pastes it where no DISTROPACK_PROJECT is set. */
const statusCommand = ({ id, organization, project }: Build): string =>
  `\`distropack status ${id} --project ${organization}/${project}\``

/** Of --no-wait. */
export const startedOutcome = (build: Build, warnings: readonly Warning[]): Outcome =>
  ok({ document: { build, warnings }, lines: [`Started ${build.id}; ask with ${statusCommand(build)}.`] })

export const waitFor = async (project: Project, started: Build, watcher: Watcher): Promise<Result<Build, Trouble>> => {
  const { timeoutSeconds, terminal } = watcher
  const announce = announcer(watcher)
  const deadlineMs = Date.now() + timeoutSeconds * 1000
  let build = started
  for (let pollMs = FIRST_POLL_MS; ; pollMs = Math.min(pollMs * 1.5, SLOWEST_POLL_MS)) {
    announce(build)
    const { waiting, building, built, published, failed, dead } = build.counts
    const over = published + failed + dead
    const all = over + waiting + building + built
    if (all > build.jobs.length) terminal.progress('publishing', over + built, all, 'packages')
    if (over === all) return ok(build)
    if (Date.now() + pollMs > deadlineMs) {
      const message = `The build ${build.id} is not done after ${timeoutSeconds} s; ask again with ${statusCommand(build)}.`
      return err({ exitCode: EXIT.unreachable, code: 'wait_timeout', faults: [{ message }], document: { build } })
    }
    await sleep(pollMs)
    const asked = await project.build(build.id)
    if (!asked.ok) return clientTrouble(asked.error)
    build = asked.value
  }
}

/** A build that is over: what to install, or every fault of every job. */
export const finishedOutcome = async (
  project: Project,
  build: Build,
  warnings: readonly Warning[],
): Promise<Outcome> => {
  const broken = build.jobs.filter(({ state }) => state === 'failed' || state === 'dead')
  const notShown = build.counts.failed + build.counts.dead - broken.length
  if (broken.length > 0) {
    const faults: { message: string; where?: Where }[] = broken.flatMap(({ target, faults: own, state }) =>
      own.length > 0
        ? own.map(({ message, where }) => ({
            message: message.startsWith(`${target}: `) ? message : `${target}: ${message}`,
            ...(where ? { where } : {}),
          }))
        : [{ message: `${target}: ${state}` }],
    )
    if (notShown > 0) faults.push({ message: `and ${notShown} more; ask with ${statusCommand(build)}` })
    return err({ exitCode: EXIT.refused, code: 'build_failed', faults, document: { build, warnings } })
  }
  const install = await project.install(build.channel)
  const instructions = install.ok ? install.value.instructions : []
  const lines = [
    `Published ${build.id} to ${build.organization}/${build.project}, channel ${build.channel}:`,
    ...build.jobs.map(
      ({ target, artifact }) => `  ${target}  ${artifact?.name} ${artifact?.version}  ${artifact?.url}`,
    ),
    ...(build.counts.published > build.jobs.length ? [`  … ${build.counts.published} in all`] : []),
    ...instructions.flatMap(({ title, commands, note }) => [
      '',
      `${title}:`,
      ...commands.map((command) => `  ${command}`),
      ...(note?.split('\n').map((line) => `  # ${line}`) ?? []),
    ]),
  ]
  return ok({ document: { build, install: instructions, warnings }, lines })
}

/** What the build is made of, hashed and on the server. */
const sendInputs = async (
  project: Project,
  records: readonly UnhashedRecord[],
  sbomPath: string | undefined,
  terminal: Terminal,
): Promise<Result<Pick<CreateBuild, 'sources' | 'sbom'>, Trouble>> => {
  const sources = await hashSources(records, terminal)
  if (!sources.ok) return sources
  const own = sbomPath === undefined ? undefined : await openSbom(sbomPath)
  if (own && !own.ok) return own
  const sent = await sendMissing(project, [...sources.value, ...(own ? [own.value.record] : [])], terminal)
  if (!sent.ok) return sent
  return ok({ sources: [...sources.value], ...(own ? { sbom: own.value.sbom } : {}) })
}

export const publish = async (flags: PublishFlags, env: Environment, terminal: Terminal): Promise<Outcome> => {
  if (!channelSchema.safeParse(flags.channel).success) {
    return usageTrouble(`"${flags.channel}" is not a channel; write 1 to 40 of a-z, 0-9, . and -, as in stable.`)
  }
  const name = await projectFor(flags, env)
  if (!name.ok) return name
  const opened = await openManifest(flags, env)
  if (!opened.ok) return opened
  const { manifest, text, sentVariables: variables } = opened.value
  const { warn, warnings } = warningsOn(terminal)
  const listed = await findSources(opened.value, flags, warn)
  if (!listed.ok) return listed
  if (listed.value.specs.some(hasLocalKey)) {
    terminal.say("the manifest's own signing keys are for `distropack build`; here the project's key signs")
  }
  const client = await openClient(flags, env)
  if (!client.ok) return client
  const project = client.value.inProject(name.value)
  const ready = await ensureProject(project, name.value, flags, terminal)
  if (!ready.ok) return ready
  const sent = await sendInputs(project, listed.value.records(), flags.sbom, terminal)
  if (!sent.ok) return sent
  const created = await project.createBuild({
    manifest: text,
    manifestFile: manifest.file.slice(-255),
    ...(flags.version === undefined ? {} : { version: flags.version }),
    targets: listed.value.targets.map(formatTarget),
    channel: flags.channel,
    variables: { ...variables },
    ...sent.value,
  })
  if (!created.ok) return clientTrouble(created.error)
  if (!flags.wait) return startedOutcome(created.value, warnings())
  const { timeoutSeconds } = flags
  const done = await waitFor(project, created.value, { timeoutSeconds, terminal, warn })
  return done.ok ? finishedOutcome(project, done.value, warnings()) : done
}
