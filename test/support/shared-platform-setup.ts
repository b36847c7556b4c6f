// Before the first file of a part that shares one platform, and after its last: runs in vitest's own process.
import { appendFileSync } from 'node:fs'
import { join } from 'node:path'
import type { TestProject } from 'vitest/node'
import { startTestPlatform } from './platform.ts'

declare module 'vitest' {
  interface ProvidedContext {
    sharedPlatform: { readonly url: string; readonly operatorToken: string; readonly logFile: string }
  }
}

export const setup = async ({ provide }: TestProject): Promise<() => Promise<void>> => {
  let logFile = ''
  const platform = await startTestPlatform((line) => logFile && appendFileSync(logFile, `${line}\n`))
  logFile = join(platform.stateDirectory, 'platform.log')
  provide('sharedPlatform', { url: platform.url, operatorToken: platform.operatorToken, logFile })
  return platform.stop
}
