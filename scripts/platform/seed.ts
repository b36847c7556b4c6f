// What a first start makes, so that there is something to install: organization `demo`, a token, and examples/hello
// published for every target. Every step may be repeated; a start that was interrupted is finished by the next one.
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import {
  API_PATHS,
  API_PREFIX,
  type CreateProject,
  createdTokenSchema,
  installSchema,
  projectSchema,
} from '@distropack/core/contract/api.ts'
import type { z } from 'zod'
import { ROOT } from './root.ts'
import { LOCAL_EMAIL, StartError } from './state.ts'
import { guard } from './watchdog.ts'

export const DEMO = { organization: 'demo', project: 'hello', channel: 'stable' } as const

/** An organization and an admin token of it. The operator's token opens this one route and no project. */
export const bootstrap = async (url: string, operatorToken: string, organization: string): Promise<string> => {
  const response = await fetch(`${url}${API_PREFIX}${API_PATHS.bootstrap}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${operatorToken}`, 'content-type': 'application/json' },
    body: JSON.stringify({ organization }),
  })
  if (!response.ok) throw new Error(`bootstrap answered ${response.status}: ${await response.text()}`)
  return createdTokenSchema.parse(await response.json()).secret
}

/** Makes it, or finds it made. It is the operator's by the setting OPERATOR_EMAIL. */
export const ensureAccount = async (url: string, operatorToken: string, password: string): Promise<void> => {
  const response = await fetch(`${url}${API_PREFIX}${API_PATHS.operatorUsers}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${operatorToken}`, 'content-type': 'application/json' },
    body: JSON.stringify({ email: LOCAL_EMAIL, name: 'Operator', password, organization: DEMO.organization }),
  })
  if (!response.ok && response.status !== 409) {
    throw new Error(`making an account answered ${response.status}: ${await response.text()}`)
  }
}

export interface Access {
  readonly url: string
  readonly token: string
}

/** Makes a project with its signing keys, which take some seconds unless `options` brings them, or finds it. */
export const ensureProject = async (
  access: Access,
  organization: string,
  project: string,
  options: Partial<CreateProject> = {},
): Promise<z.infer<typeof projectSchema>> => {
  const response = await fetch(`${access.url}${API_PREFIX}/projects/${organization}/${project}`, {
    method: 'PUT',
    headers: { authorization: `Bearer ${access.token}`, 'content-type': 'application/json' },
    body: JSON.stringify(options),
  })
  if (!response.ok) throw new Error(`project ${organization}/${project}: ${response.status} ${await response.text()}`)
  return projectSchema.parse(await response.json())
}

export interface CommandResult {
  readonly status: number | null
  readonly stdout: string
  readonly stderr: string
}

const run = (program: string, args: readonly string[], access: Access, cwd: string): Promise<CommandResult> =>
  new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [program, ...args], {
      cwd,
      env: { ...process.env, DISTROPACK_API_URL: access.url, DISTROPACK_API_TOKEN: access.token },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const guarded = guard(child.pid ? [child.pid] : [])
    const output = { stdout: '', stderr: '' }
    for (const name of ['stdout', 'stderr'] as const) {
      child[name].setEncoding('utf8').on('data', (text: string) => {
        output[name] += text
      })
    }
    child.once('error', reject)
    child.once('close', (status) => {
      guarded.disarm()
      resolve({ status, ...output })
    })
  })

/** Runs `distropack` as a user would, against one platform. */
export const runCli = (args: readonly string[], access: Access, cwd: string = ROOT): Promise<CommandResult> =>
  run(join(ROOT, 'cli/bin/distropack.mjs'), args, access, cwd)

export const publishExample = async (access: Access): Promise<void> => {
  await ensureProject(access, DEMO.organization, DEMO.project)
  // The paths of a manifest are relative to the folder one stands in, as nFPM has it.
  const folder = join(ROOT, 'examples/hello')
  const project = `${DEMO.organization}/${DEMO.project}`
  const args = ['publish', '-f', 'distropack.yaml', '--project', project, '--json']
  const { status, stdout, stderr } = await runCli(args, access, folder)
  if (status !== 0) {
    throw new StartError(`Publishing ${folder} ended with status ${status}:\n${stderr.trim() || stdout.trim()}`)
  }
}

/** The lines a person pastes to install the example, one block per format. */
export const installText = async (access: Access): Promise<string> => {
  const { organization, project, channel } = DEMO
  const response = await fetch(`${access.url}/api/v1/projects/${organization}/${project}/install?channel=${channel}`, {
    headers: { authorization: `Bearer ${access.token}` },
  })
  if (!response.ok) throw new Error(`install lines: ${response.status} ${await response.text()}`)
  const { instructions } = installSchema.parse(await response.json())
  return instructions
    .map(({ title, commands, note }) => [`# ${title}`, ...commands, ...(note ? [`# ${note}`] : [])].join('\n'))
    .join('\n\n')
}
