// A platform of a test's own: an empty state folder, any free port, both Workers and the packager, gone at the end.
import type { PlatformBindings, PlatformOptions } from '../../scripts/platform/platform.ts'
import { bootstrap, type CommandResult, runCli } from '../../scripts/platform/seed.ts'
import { startOnFreshState } from '../../scripts/testing/one-platform.ts'

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
  outside?: PlatformOptions['outside'],
): Promise<TestPlatform> => {
  const lines: string[] = []
  const log = (line: string): void => {
    lines.push(line)
    onLine?.(line)
  }
  const platform = await startOnFreshState({ log, vars, runtime, ...(outside ? { outside } : {}) })
  return {
    ...platform,
    organization: (name) => bootstrap(platform.url, platform.operatorToken, name),
    cli: (token, args, cwd) => runCli(args, { url: platform.url, token }, cwd),
    log: () => lines.join('\n'),
  }
}
