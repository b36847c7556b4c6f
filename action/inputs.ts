// The workflow's words, as its author wrote them. A word that is no input is GitHub's to warn of.
import { getInput } from '@actions/core'

export interface Inputs {
  readonly url: string
  readonly project: string
  readonly manifest: string
  readonly version: string
  readonly targets: readonly string[]
  readonly channel: string
  readonly files: string
  readonly package: string
  readonly packageId: string
  readonly build: boolean
  readonly wait: boolean
  readonly timeoutSeconds: number
  readonly sbom: string
  readonly token: string
  readonly workingDirectory: string
}

/** YAML's own words for it, as GitHub passes them on: text. */
const flag = (name: string): boolean => {
  const text = getInput(name).toLowerCase()
  if (text === 'true' || text === '') return true
  if (text === 'false') return false
  throw new Error(`The input ${name} is "${text}"; write true or false.`)
}

const seconds = (name: string): number => {
  const value = Number(getInput(name) || '1800')
  if (Number.isFinite(value) && value > 0) return value
  throw new Error(`The input ${name} is "${getInput(name)}"; write a number of seconds.`)
}

export const readInputs = (): Inputs => ({
  url: getInput('url') || getInput('api-url'),
  project: getInput('project'),
  manifest: getInput('manifest'),
  version: getInput('version'),
  targets: (getInput('targets') || getInput('target')).split(/[\s,]+/).filter(Boolean),
  channel: getInput('channel') || 'stable',
  files: getInput('files'),
  package: getInput('package'),
  packageId: getInput('package-id'),
  build: flag('build'),
  wait: flag('wait'),
  timeoutSeconds: seconds('timeout'),
  sbom: getInput('sbom'),
  token: getInput('token') || getInput('api-token'),
  workingDirectory: getInput('working-directory'),
})
