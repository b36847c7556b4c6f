// One platform for all parts of a run that use one whole: test/support/shared-platform-setup.ts takes it, and a part that
// runs alone, as vitest --project does, starts its own.
import { appendFileSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startPlatform } from '../platform/platform.ts'

/** In the environment of what `npm test` starts: JSON of a SharedPlatform. */
export const SHARED_PLATFORM_VARIABLE = 'DISTROPACK_TEST_PLATFORM'

export interface SharedPlatform {
  readonly url: string
  readonly operatorToken: string
  /** What the Workers and the packager said so far. */
  readonly logFile: string
}

/** Ends with the returned call, or with this process. */
export const startOnePlatform = async (): Promise<SharedPlatform & { readonly stop: () => Promise<void> }> => {
  const stateDirectory = mkdtempSync(join(tmpdir(), 'distropack-platform-'))
  const forget = (): void => rmSync(stateDirectory, { recursive: true, force: true })
  const logFile = join(stateDirectory, 'platform.log')
  const log = (line: string): void => appendFileSync(logFile, `${line}\n`)
  const platform = await startPlatform({ stateDirectory, port: 0, log }).catch((error: unknown) => {
    forget()
    throw error
  })
  platform.markReady()
  const { url, operatorToken } = platform
  return { url, operatorToken, logFile, stop: () => platform.stop().finally(forget) }
}
