// `distropack manifest` and `upload`: manifests that the server keeps, the uploads of their slots, builds of them.
import { readFile, stat } from 'node:fs/promises'
import { basename } from 'node:path'
import { API_PATHS, buildSchema } from '@distropack/core/contract/api.ts'
import { packageFileSchema, packageSchema } from '@distropack/core/contract/packages.ts'
import { ok, type Result } from '@distropack/core/result.ts'
import type * as z from 'zod'
import { clientTrouble, type Outcome, type Trouble, usageTrouble } from '../outcome.ts'
import { type Environment, openProject, type ServerFlags } from '../settings.ts'
import { type Terminal, warningsOn } from '../terminal.ts'
import { hashSources, sendMissing } from '../upload-sources.ts'
import { ask, inColumns, inProject, listed, timeOf } from './answers.ts'
import { finishedOutcome, startedOutcome, waitFor } from './publish.ts'

type Kept = z.infer<typeof packageSchema>

const row = (kept: Kept): readonly string[] => [
  kept.package,
  `revision ${kept.revision}`,
  kept.channel,
  kept.targets?.join(',') ?? 'targets of the manifest',
  timeOf(kept.changedAtMs),
  kept.archivedAtMs === null ? '' : 'archived',
]

const shown = (kept: Kept): readonly string[] => [
  ...inColumns([row(kept)]),
  ...kept.slots.map(
    ({ slot, file }) => `slot ${slot}: ${file ? `${file.fileName}  ${file.id}` : 'nothing uploaded yet'}`,
  ),
]

export const listManifests = (flags: ServerFlags, env: Environment): Promise<Outcome> =>
  inProject(flags, env, (client, params) =>
    listed(client, 'manifests', { path: API_PATHS.packages, params, schema: packageSchema }, row),
  )

export const showManifest = (
  name: string,
  flags: ServerFlags & { readonly text?: boolean },
  env: Environment,
): Promise<Outcome> =>
  inProject(flags, env, (client, params) =>
    ask(client, { path: API_PATHS.package, params: { ...params, package: name }, schema: packageSchema }, (kept) =>
      flags.text ? kept.manifest.replace(/\n$/, '').split('\n') : shown(kept),
    ),
  )

export interface ManifestChange extends ServerFlags {
  readonly file?: string
  readonly target?: readonly string[]
  readonly channel?: string
}

const changeOf = async ({ file, target, channel }: ManifestChange) => ({
  ...(file === undefined ? {} : { manifest: await readFile(file, 'utf8') }),
  ...(target === undefined ? {} : { targets: target }),
  ...(channel === undefined ? {} : { channel }),
})

export const createManifest = (name: string, flags: ManifestChange, env: Environment): Promise<Outcome> =>
  inProject(flags, env, async (client, params) => {
    const body = { package: name, ...(await changeOf(flags)) }
    return ask(client, { method: 'POST', path: API_PATHS.packages, params, body, schema: packageSchema }, shown)
  })

/** `If-Match`: what somebody else changed meanwhile is not written over. */
const edit = (name: string, flags: ServerFlags, env: Environment, body: object): Promise<Outcome> =>
  inProject(flags, env, async (client, org) => {
    const params = { ...org, package: name }
    const found = await client.call({ path: API_PATHS.package, params, schema: packageSchema })
    if (!found.ok) return clientTrouble(found.error)
    const headers = { 'if-match': `"${found.value.revision}"` }
    return ask(
      client,
      { method: 'PATCH', path: API_PATHS.package, params, headers, body, schema: packageSchema },
      shown,
    )
  })

export const editManifest = async (name: string, flags: ManifestChange, env: Environment): Promise<Outcome> => {
  const change = await changeOf(flags)
  if (Object.keys(change).length === 0) return usageTrouble('What should change? Give --file, --target or --channel.')
  return edit(name, flags, env, change)
}

export const archiveManifest = (
  name: string,
  archived: boolean,
  flags: ServerFlags,
  env: Environment,
): Promise<Outcome> => edit(name, flags, env, { archived })

export const listUploads = (name: string, flags: ServerFlags, env: Environment): Promise<Outcome> =>
  inProject(flags, env, (client, params) =>
    listed(
      client,
      'uploads',
      { path: API_PATHS.packageFiles, params: { ...params, package: name }, schema: packageFileSchema },
      ({ id, slot, fileName, sizeBytes, createdAtMs, uploadedBy }) => [
        id,
        slot,
        fileName,
        String(sizeBytes),
        timeOf(createdAtMs),
        uploadedBy,
      ],
    ),
  )

const recordOf = async (
  path: string,
): Promise<Result<{ readonly mode: number; readonly sizeBytes: number; readonly mtimeSeconds: number }, Trouble>> => {
  const found = await stat(path).catch(() => undefined)
  if (!found?.isFile()) return usageTrouble(`${path} is not a file that is there.`)
  return ok({ mode: found.mode & 0o7777, sizeBytes: found.size, mtimeSeconds: Math.floor(found.mtimeMs / 1000) })
}

export const uploadToSlot = async (
  path: string,
  flags: ServerFlags & { readonly package: string; readonly slot: string },
  env: Environment,
  terminal: Terminal,
): Promise<Outcome> => {
  const record = await recordOf(path)
  if (!record.ok) return record
  const project = await openProject(flags, env)
  if (!project.ok) return project
  const hashed = await hashSources([{ kind: 'file', path, ...record.value }], terminal)
  if (!hashed.ok) return hashed
  const sent = await sendMissing(project.value, hashed.value, terminal)
  if (!sent.ok) return sent
  const [file] = hashed.value
  if (file?.kind !== 'file') throw new Error('a file was hashed, and is none')
  return inProject(flags, env, (client, org) => {
    const params = { ...org, package: flags.package, slot: flags.slot }
    const { sha256, sizeBytes, mode } = file
    const body = { fileName: basename(path), sha256, sizeBytes, mode }
    return ask(
      client,
      { method: 'POST', path: API_PATHS.packageSlot, params, body, schema: packageFileSchema },
      ({ id, slot }) => `Uploaded ${path} to ${flags.package}, slot ${slot}: ${id}.`,
    )
  })
}

export interface BuildKeptFlags extends ServerFlags {
  readonly version?: string
  readonly target?: readonly string[]
  readonly channel?: string
  readonly wait: boolean
  readonly timeout: number
}

export const buildManifest = async (
  name: string,
  flags: BuildKeptFlags,
  env: Environment,
  terminal: Terminal,
): Promise<Outcome> => {
  const project = await openProject(flags, env)
  if (!project.ok) return project
  return inProject(flags, env, async (client, org) => {
    const { version, target: targets, channel } = flags
    const body = Object.fromEntries(
      Object.entries({ version, targets, channel }).filter(([, value]) => value !== undefined),
    )
    const params = { ...org, package: name }
    const headers = { 'idempotency-key': crypto.randomUUID() }
    const started = await client.call({
      method: 'POST',
      path: API_PATHS.packageBuilds,
      params,
      headers,
      body,
      schema: buildSchema,
    })
    if (!started.ok) return clientTrouble(started.error)
    if (!flags.wait) return startedOutcome(started.value, [])
    const { warn, warnings } = warningsOn(terminal)
    const done = await waitFor(project.value, started.value, { timeoutSeconds: flags.timeout, terminal, warn })
    return done.ok ? finishedOutcome(project.value, done.value, warnings()) : done
  })
}
