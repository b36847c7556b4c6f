// Platforms on state that nobody keeps. One of them serves all parts of a run that use one whole:
// test/support/shared-platform-setup.ts takes it, and a part that runs alone, as vitest --project does, starts its own.
import { appendFileSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Platform, type PlatformOptions, startPlatform } from '../platform/platform.ts'

/** Ready, on any free port and an empty state folder, which goes when it ends. */
export const startOnFreshState = async (
  options: Pick<PlatformOptions, 'log' | 'vars' | 'runtime' | 'outside'>,
): Promise<Platform & { readonly stateDirectory: string }> => {
  const stateDirectory = mkdtempSync(join(tmpdir(), 'distropack-platform-'))
  const forget = (): void => rmSync(stateDirectory, { recursive: true, force: true })
  try {
    const platform = await startPlatform({ ...options, stateDirectory, port: 0 })
    platform.markReady()
    return { ...platform, stateDirectory, stop: () => platform.stop().finally(forget) }
  } catch (error) {
    forget()
    throw error
  }
}

/** In the environment of what `npm test` starts: JSON of a SharedPlatform. */
export const SHARED_PLATFORM_VARIABLE = 'DISTROPACK_TEST_PLATFORM'

export interface SharedPlatform {
  readonly url: string
  readonly operatorToken: string
  /** What the Workers and the packager said since it was ready. */
  readonly logFile: string
}

/** Ends with the returned call, or with this process. */
export const startOnePlatform = async (): Promise<SharedPlatform & { readonly stop: () => Promise<void> }> => {
  let logFile: string | undefined
  const log = (line: string): void => void (logFile && appendFileSync(logFile, `${line}\n`))
  const { url, operatorToken, stateDirectory, stop } = await startOnFreshState({ log })
  logFile = join(stateDirectory, 'platform.log')
  appendFileSync(logFile, '')
  return { url, operatorToken, logFile, stop }
}
