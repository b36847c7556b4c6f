// Publishes small packages through the CLI, as a user does, and reads the lines a person would paste to install them.
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Build, installSchema } from '@distropack/core/contract/api.ts'
import { ROOT } from '../../scripts/platform/root.ts'
import { ensureProject } from '../../scripts/platform/seed.ts'
import type { UsedPlatform } from './platform.ts'

export interface PublishedProject {
  /** `acme/tool` */
  readonly name: string
  /** No trailing slash. */
  readonly repositoryUrl: string
  /** The file name of its RSA key, as apk wants it. */
  readonly rsaKeyName: string
  /**
   * Publishes examples/hello as this version, to `stable` or another channel; the program prints it with --version.
   * `targets`: those that the test looks at; none: all.
   */
  publish(version: string, channel?: string, targets?: readonly string[]): Promise<void>
  /** `distropack publish` with the manifest in this folder. */
  publishFolder(folder: string, channel?: string, targets?: readonly string[]): Promise<Build>
  /** Any other `distropack … --project … --json`, which must end well; its document. */
  run(...args: readonly string[]): Promise<unknown>
  /** The commands of one format's install instructions. */
  installCommands(format: string, channel?: string): Promise<readonly string[]>
  /** All of one format's install instructions. */
  instruction(format: string, channel?: string): Promise<{ commands: readonly string[]; note?: string | undefined }>
}

const EXAMPLE = join(ROOT, 'examples/hello')
export const PACKAGE = 'distropack-hello'
export const PROGRAM = '/usr/bin/distropack-hello'
export const CONFIG = '/etc/distropack-hello.conf'

/** A copy of the example whose program, manifest and changelog say this version. */
const copyExample = (folder: string, version: string): void => {
  cpSync(EXAMPLE, folder, { recursive: true })
  for (const file of ['distropack.yaml', 'distropack-hello', 'changelog.yaml']) {
    const text = readFileSync(join(folder, file), 'utf8')
    writeFileSync(join(folder, file), text.replaceAll('1.0.0', version))
  }
}

export const openProject = async (
  platform: UsedPlatform,
  organization: string,
  project: string,
  options: Parameters<typeof ensureProject>[3] = {},
): Promise<PublishedProject> => {
  const token = await platform.organization(organization)
  const access = { url: platform.url, token }
  const { rsaKeyName } = await ensureProject(access, organization, project, options)
  const name = `${organization}/${project}`
  const publishFolder: PublishedProject['publishFolder'] = async (folder, channel = 'stable', targets = []) => {
    const args = ['publish', '-f', 'distropack.yaml', '--project', name, '--channel', channel, '--json']
    args.push(...targets.flatMap((target) => ['--target', target]))
    const { status, stdout, stderr } = await platform.cli(token, args, folder)
    if (status !== 0) throw new Error(`publish: status ${status}\n${stdout}${stderr}\n${platform.log()}`)
    return (JSON.parse(stdout) as { build: Build }).build
  }
  const instruction: PublishedProject['instruction'] = async (format, channel = 'stable') => {
    const response = await fetch(`${platform.url}/api/v1/projects/${name}/install?channel=${channel}`, {
      headers: { authorization: `Bearer ${token}` },
    })
    const { instructions } = installSchema.parse(await response.json())
    const found = instructions.find((each) => each.format === format)
    if (!found) throw new Error(`no install instructions for ${format}`)
    return found
  }
  return {
    name,
    rsaKeyName,
    repositoryUrl: `${platform.url}/r/${name}`,
    publishFolder,
    async publish(version, channel, targets) {
      const folder = mkdtempSync(join(tmpdir(), 'distropack-example-'))
      try {
        copyExample(folder, version)
        await publishFolder(folder, channel, targets)
      } finally {
        rmSync(folder, { recursive: true })
      }
    },
    async run(...args) {
      const { status, stdout, stderr } = await platform.cli(token, [...args, '--project', name, '--json'])
      if (status !== 0) throw new Error(`${args.join(' ')}: status ${status}\n${stdout}${stderr}\n${platform.log()}`)
      return JSON.parse(stdout)
    },
    instruction,
    installCommands: async (format, channel) => (await instruction(format, channel)).commands,
  }
}
