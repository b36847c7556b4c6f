// `distropack open`: the project's page in a browser, or its address where there is none.
import { spawn } from 'node:child_process'
import { API_PATHS, projectSchema } from '@distropack/core/contract/api.ts'
import { ok } from '@distropack/core/result.ts'
import { clientTrouble, type Outcome } from '../outcome.ts'
import type { Environment, ServerFlags } from '../settings.ts'
import { inProject } from './answers.ts'

const OPENERS: Readonly<Partial<Record<NodeJS.Platform, string>>> = { darwin: 'open', win32: 'explorer' }

/** False where no browser is to be had: over ssh, in a container. */
const openInBrowser = (address: string): Promise<boolean> =>
  new Promise((done) => {
    const child = spawn(OPENERS[process.platform] ?? 'xdg-open', [address], { stdio: 'ignore', detached: true })
    child.once('error', () => done(false))
    child.once('spawn', () => {
      child.unref()
      done(true)
    })
  })

export const open = (flags: ServerFlags & { readonly print?: boolean }, env: Environment): Promise<Outcome> =>
  inProject(flags, env, async (client, params) => {
    const project = await client.call({ path: API_PATHS.project, params, schema: projectSchema })
    if (!project.ok) return clientTrouble(project.error)
    const { repositoryUrl: address } = project.value
    const opened = !flags.print && (await openInBrowser(address))
    return ok({ document: { address, opened }, lines: [address] })
  })
