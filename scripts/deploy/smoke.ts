// Whether a deployed instance works: it lives, its parts answer, people can sign in, and a package goes in and comes out.
import { join } from 'node:path'
import type { Artifact } from '@distropack/core/contract/client.ts'
import { ROOT } from '../platform/root.ts'
import { bootstrap, ensureProject, runCli } from '../platform/seed.ts'
import { DeployError } from './settings.ts'

/** A name that nobody else asks for. */
const ORGANIZATION = 'distropack-smoke'
const PROJECT = 'hello'

const expectAnswer = async (url: string, isRight: (status: number) => boolean, what: string): Promise<void> => {
  const response = await fetch(url).catch((error: Error) => {
    throw new DeployError(`${what}: ${url} cannot be reached: ${error.message}.`)
  })
  const text = await response.text()
  if (!isRight(response.status))
    throw new DeployError(`${what}: ${url} answered ${response.status} ${text.slice(0, 300)}`)
}

const isOk = (status: number): boolean => status === 200

export const smokeTest = async (url: string, operatorToken: string, say: (line: string) => void): Promise<void> => {
  await expectAnswer(`${url}/healthz`, isOk, 'It does not live')
  await expectAnswer(`${url}/readyz`, isOk, 'A part of it does not answer')
  await expectAnswer(`${url}/api/auth/get-session`, isOk, 'Nobody can sign in')
  say('it lives, its parts answer, people can sign in')
  const access = { url, token: await bootstrap(url, operatorToken, ORGANIZATION) }
  await ensureProject(access, ORGANIZATION, PROJECT, { access: 'private', signing: { kind: 'ed25519' } })
  const args = ['publish', '--project', `${ORGANIZATION}/${PROJECT}`, '--json']
  const { status, stdout, stderr } = await runCli(args, access, join(ROOT, 'examples/hello'))
  if (status !== 0) throw new DeployError(`A package could not be published: ${stderr.trim() || stdout.trim()}`)
  const { build } = JSON.parse(stdout) as {
    readonly build: { readonly jobs: readonly { readonly artifact: Artifact }[] }
  }
  const artifact = build.jobs[0]?.artifact
  const read = await fetch(artifact?.url ?? url, { headers: { authorization: `Bearer ${access.token}` } })
  const bytes = new Uint8Array(await read.arrayBuffer())
  const sha256 = Buffer.from(await crypto.subtle.digest('SHA-256', bytes)).toString('hex')
  if (sha256 !== artifact?.sha256)
    throw new DeployError(`What was published came back as something else: ${artifact?.url}`)
  say(`a package was published and read back (${ORGANIZATION}/${PROJECT}, private)`)
}
