// Before the first file of a part that shares one platform, and after its last: runs in vitest's own process.
import type { TestProject } from 'vitest/node'
import { SHARED_PLATFORM_VARIABLE, type SharedPlatform, startOnePlatform } from '../../scripts/testing/one-platform.ts'

declare module 'vitest' {
  interface ProvidedContext {
    sharedPlatform: SharedPlatform
  }
}

export const setup = async ({ provide }: TestProject): Promise<(() => Promise<void>) | undefined> => {
  const given = process.env[SHARED_PLATFORM_VARIABLE]
  if (given) {
    provide('sharedPlatform', JSON.parse(given) as SharedPlatform)
    return undefined
  }
  const { stop, ...platform } = await startOnePlatform()
  provide('sharedPlatform', platform)
  return stop
}
