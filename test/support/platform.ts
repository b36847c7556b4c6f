// A platform of a test's own: an empty state folder, any free port, both Workers and the packager, gone at the end.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type PlatformBindings, type PlatformOptions, startPlatform } from '../../scripts/platform/platform.ts'
import { bootstrap, type CommandResult, runCli } from '../../scripts/platform/seed.ts'

/** What a test needs of a platform, whoever started it. */
export interface UsedPlatform {
  readonly url: string
  /** An organization of its own, and an admin token of it. */
  organization(name: string): Promise<string>
  /** Runs `distropack` with that token; a status other than 0 is the caller's to judge. */
  cli(token: string, args: readonly string[], cwd?: string): Promise<CommandResult>
  /** What both Workers and the packager said, for messages of failed tests. */
  log(): string
}

export interface TestPlatform extends UsedPlatform {
  readonly stateDirectory: string
  readonly operatorToken: string
  packagerPid(): number | undefined
  fireSchedule(): Promise<void>
  bindings(): Promise<PlatformBindings>
  inspectorUrl(): Promise<URL>
  stop(): Promise<void>
}

/** `onLine`: told each line of the log as it comes. `vars`: of wrangler.toml, and secrets. `runtime`: a bench's. */
export const startTestPlatform = async (
  onLine?: (line: string) => void,
  vars: Readonly<Record<string, string>> = {},
  runtime: PlatformOptions['runtime'] = {},
): Promise<TestPlatform> => {
  const stateDirectory = mkdtempSync(join(tmpdir(), 'distropack-platform-'))
  const lines: string[] = []
  const forget = (): void => rmSync(stateDirectory, { recursive: true, force: true })
  const log = (line: string): void => {
    lines.push(line)
    onLine?.(line)
  }
  const platform = await startPlatform({ stateDirectory, port: 0, log, vars, runtime }).catch((error: unknown) => {
    forget()
    throw error
  })
  platform.markReady()
  return {
    url: platform.url,
    stateDirectory,
    operatorToken: platform.operatorToken,
    packagerPid: platform.packagerPid,
    organization: (name) => bootstrap(platform.url, platform.operatorToken, name),
    cli: (token, args, cwd) => runCli(args, { url: platform.url, token }, cwd),
    log: () => lines.join('\n'),
    fireSchedule: platform.fireSchedule,
    bindings: platform.bindings,
    inspectorUrl: platform.inspectorUrl,
    async stop() {
      await platform.stop()
      forget()
    },
  }
}
