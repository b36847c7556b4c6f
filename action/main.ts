// The GitHub Action: the command line's own publishing, with the workflow's inputs, and the run's identity in place of a
// token. GitHub runs the same file once more when the job ends; then the run's token is revoked.

import { globSync } from 'node:fs'
import { getState, saveState, setFailed, setSecret } from '@actions/core'
import { API_PATHS, doneSchema } from '@distropack/core/contract/api.ts'
import { buildById, uploadById } from '../cli/commands/first-tools.ts'
import { buildManifest, uploadToSlot } from '../cli/commands/manifests.ts'
import { publish } from '../cli/commands/publish.ts'
import { push } from '../cli/commands/push.ts'
import type { Outcome } from '../cli/outcome.ts'
import { clientFor, type Environment, openAccess, projectFor } from '../cli/settings.ts'
import type { Terminal } from '../cli/terminal.ts'
import { type Inputs, readInputs } from './inputs.ts'
import { isUnchanged, log, type Published, reportPublished, reportTrouble, setOutputs } from './report.ts'

const terminal: Terminal = {
  say: log,
  progress: () => {},
  ask: () => Promise.resolve(undefined),
}

/** An input that was not given is '' to GitHub, and absent to a command. */
const given = <T extends Readonly<Record<string, unknown>>>(fields: T): Partial<T> =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== '')) as Partial<T>

/** `{"slot": "path"}` */
const slotsOf = (text: string): readonly (readonly [slot: string, path: string])[] => {
  if (text === '') return []
  const value: unknown = JSON.parse(text)
  const isSlots =
    typeof value === 'object' && value !== null && Object.values(value).every((path) => typeof path === 'string')
  if (!isSlots) throw new Error('The input files is no JSON object of slots and paths, as in {"binary": "dist/tool"}.')
  return Object.entries(value as Readonly<Record<string, string>>)
}

const finishedFiles = (text: string): readonly string[] => {
  const paths = text
    .split('\n')
    .map((line) => line.trim())
    .filter(Boolean)
    .flatMap((pattern) => {
      const found = globSync(pattern)
      if (found.length === 0) throw new Error(`The input files names ${pattern}, and there is no such file.`)
      return found
    })
  return [...new Set(paths)].sort()
}

const common = (inputs: Inputs) => ({
  ...given({ url: inputs.url, token: inputs.token, project: inputs.project }),
})

/** As the first DistroPack's action: every file into its slot, then a build, all by ids. */
const runById = async (inputs: Inputs, env: Environment): Promise<Outcome> => {
  const { packageId, version, targets } = inputs
  for (const [refId, file] of slotsOf(inputs.files)) {
    const sent = await uploadById({ ...common(inputs), packageId, refId, file }, env)
    if (!sent.ok) return sent
  }
  const target = targets.length > 0 ? { target: targets } : {}
  return buildById({ ...common(inputs), packageId, ...given({ version }), ...target }, env, terminal)
}

/** Uploads, and a build unless a later job makes it. */
const runKept = async (inputs: Inputs, env: Environment): Promise<Outcome> => {
  for (const [slot, path] of slotsOf(inputs.files)) {
    const sent = await uploadToSlot(path, { ...common(inputs), package: inputs.package, slot }, env, terminal)
    if (!sent.ok) return sent
    for (const line of sent.value.lines) log(line)
  }
  if (!inputs.build) return { ok: true, value: { document: {}, lines: [] } }
  const { version, targets, wait, timeoutSeconds: timeout } = inputs
  const flags = { ...common(inputs), ...given({ version }), ...(targets.length > 0 ? { target: targets } : {}) }
  return buildManifest(inputs.package, { ...flags, wait, timeout }, env, terminal)
}

const runInputs = async (inputs: Inputs, env: Environment): Promise<Outcome> => {
  if (inputs.packageId) return runById(inputs, env)
  if (inputs.package) return runKept(inputs, env)
  const { channel, wait, timeoutSeconds, version, sbom, manifest: file, targets } = inputs
  const flags = { ...common(inputs), channel, wait, timeoutSeconds }
  if (inputs.files) return push(finishedFiles(inputs.files), flags, env, terminal)
  return publish(
    { ...flags, ...given({ version, sbom, file }), ...(targets.length > 0 ? { target: targets } : {}) },
    env,
    terminal,
  )
}

/** The newest generation before this run; undefined where the token may not know. */
const generationBefore = async (inputs: Inputs, env: Environment): Promise<number | undefined> => {
  const name = await projectFor({ ...common(inputs), ...given({ file: inputs.manifest }) }, env)
  if (!name.ok) return undefined
  const project = await clientFor(env.DISTROPACK_API_URL ?? '', env.DISTROPACK_API_TOKEN ?? '')
    .inProject(name.value)
    .read()
  return project.ok ? project.value.generation : undefined
}

const isPublished = (
  document: Readonly<Record<string, unknown>>,
): document is Readonly<Record<string, unknown>> & Published => typeof document.build === 'object'

const run = async (): Promise<void> => {
  const inputs = readInputs()
  if (inputs.workingDirectory) process.chdir(inputs.workingDirectory)
  if (inputs.token) setSecret(inputs.token)
  const flags = { ...common(inputs), ...given({ file: inputs.manifest }) }
  const access = await openAccess(flags, process.env)
  if (!access.ok) return reportTrouble(access.error)
  const { url, token, isOfRun } = access.value
  setSecret(token)
  if (isOfRun) {
    saveState('url', url)
    saveState('token', token)
  }
  const env = { ...process.env, DISTROPACK_API_URL: url, DISTROPACK_API_TOKEN: token }
  const before = await generationBefore(inputs, env)
  const outcome = await runInputs(inputs, env)
  const document = outcome.ok ? outcome.value.document : (outcome.error.document ?? {})
  const published = isPublished(document) ? document : undefined
  if (published) setOutputs(published, url)
  if (!outcome.ok) return reportTrouble(outcome.error)
  for (const line of outcome.value.lines) log(line)
  if (published) await reportPublished(published, url, isUnchanged(published, before))
}

/** The job is over; the token was for it alone. */
const end = async (): Promise<void> => {
  const [url, token] = [getState('url'), getState('token')]
  if (!token) return
  const revoked = await clientFor(url, token).call({ method: 'DELETE', path: API_PATHS.ownToken, schema: doneSchema })
  log(
    revoked.ok ? 'The run’s token is revoked.' : 'The run’s token could not be revoked; it ends by itself in minutes.',
  )
}

try {
  if (getState('isBegun')) await end()
  else {
    saveState('isBegun', 'true')
    await run()
  }
} catch (error) {
  setFailed(error instanceof Error ? error.message : String(error))
}
