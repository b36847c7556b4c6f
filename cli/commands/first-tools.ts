// The words of the first DistroPack's tool, for scripts that have them: `upload --package-id --ref-id --file` and
// `build --package-id --version --target`. The server answers them on the addresses that tool asks.
import { openAsBlob } from 'node:fs'
import { basename } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { err, ok, type Result } from '@distropack/core/result.ts'
import { EXIT, type Outcome, type Trouble, usageTrouble } from '../outcome.ts'
import { type Environment, openAccess, type ServerAccess, type ServerFlags } from '../settings.ts'
import type { Terminal } from '../terminal.ts'

const refused = (status: number, text: string): Result<never, Trouble> => {
  const message = text.trim() || `The server answered ${status}.`
  const exitCode = status === 401 || status === 403 ? EXIT.unauthorized : EXIT.refused
  return err({ exitCode, code: 'request_invalid', faults: [{ message }] })
}

const send = async (
  { url, token }: ServerAccess,
  path: string,
  query: Readonly<Record<string, string>>,
  form?: FormData,
): Promise<Result<unknown, Trouble>> => {
  try {
    const response = await fetch(`${url}/api/${path}?${new URLSearchParams({ ...query })}`, {
      method: form ? 'POST' : 'GET',
      headers: { authorization: `Bearer ${token}` },
      ...(form ? { body: form } : {}),
    })
    const text = await response.text()
    return response.ok ? ok(JSON.parse(text)) : refused(response.status, text)
  } catch (error) {
    const message = `${url} gives no usable answer: ${(error as Error).message}.`
    return err({ exitCode: EXIT.unreachable, code: 'server_unreachable', faults: [{ message }] })
  }
}

export interface SlotUpload extends ServerFlags {
  readonly packageId: string
  readonly refId: string
  readonly file: string
}

export const uploadById = async (flags: SlotUpload, env: Environment): Promise<Outcome> => {
  const access = await openAccess(flags, env)
  if (!access.ok) return access
  const form = new FormData()
  form.set('file', await openAsBlob(flags.file, { type: 'application/octet-stream' }), basename(flags.file))
  const query = { packageId: flags.packageId, accessName: flags.refId }
  const sent = await send(access.value, 'upload_file', query, form)
  if (!sent.ok) return sent
  return ok({ document: { ...(sent.value as object) }, lines: [`Uploaded ${flags.file} as ${flags.refId}.`] })
}

export interface BuildById extends ServerFlags {
  readonly packageId: string
  readonly version?: string
  readonly target?: readonly string[]
}

interface FirstJob {
  readonly jobId: string
  readonly status: 'running' | 'finished' | 'failed'
  readonly name: string
  readonly failMessage?: string | null
}

const POLL_MS = 2000

const waitForJobs = async (access: ServerAccess, jobIds: readonly string[], terminal: Terminal): Promise<Outcome> => {
  const said = new Map<string, string>()
  for (;;) {
    const asked = await send(access, 'build_status', { jobIds: jobIds.join(',') })
    if (!asked.ok) return asked
    const { jobs, allFinished } = asked.value as { readonly jobs: readonly FirstJob[]; readonly allFinished: boolean }
    for (const { jobId, name, status } of jobs) {
      if (said.get(jobId) === status) continue
      said.set(jobId, status)
      terminal.say(`${name}  ${status}`)
    }
    if (!allFinished) {
      await sleep(POLL_MS)
      continue
    }
    const faults = jobs
      .filter(({ status }) => status === 'failed')
      .map(({ name, failMessage }) => ({ message: `${name}: ${failMessage ?? 'failed'}` }))
    if (faults.length > 0) return err({ exitCode: EXIT.refused, code: 'build_failed', faults, document: { jobs } })
    return ok({ document: { jobs }, lines: jobs.map(({ name }) => `${name}  finished`) })
  }
}

export const buildById = async (flags: BuildById, env: Environment, terminal: Terminal): Promise<Outcome> => {
  if (flags.version === undefined) return usageTrouble('Which version? Give --version.')
  const access = await openAccess(flags, env)
  if (!access.ok) return access
  const jobIds: string[] = []
  for (const target of flags.target ?? [undefined]) {
    const form = new FormData()
    form.set('version', flags.version)
    const query = { packageId: flags.packageId, ...(target === undefined ? {} : { distroType: target }) }
    const path = target === undefined ? 'build_package' : 'build_package_single'
    const started = await send(access.value, path, query, form)
    if (!started.ok) return started
    jobIds.push(...(started.value as { readonly jobIds: readonly string[] }).jobIds)
  }
  return waitForJobs(access.value, jobIds, terminal)
}
