// The effects services run on, gathered once per request, message or alarm.
import type { Fault } from '@distropack/core/fault.ts'
import type { Result } from '@distropack/core/result.ts'
import { type Database, openDatabase } from '../db/client.ts'
import type { Env } from '../env.ts'
import { openVault, type Vault } from '../signing/vault.ts'

export interface Platform {
  readonly env: Env
  readonly db: Database
  readonly bucket: R2Bucket
  readonly nowMs: () => number
  readonly vault: () => Promise<Result<Vault, Fault>>
}

export const openPlatform = (env: Env): Platform => {
  let vault: Promise<Result<Vault, Fault>> | undefined
  return {
    env,
    db: openDatabase(env.DB),
    bucket: env.BUCKET,
    nowMs: () => Date.now(),
    vault: () => {
      vault ??= openVault(env.KEY_ENCRYPTION_KEY)
      return vault
    },
  }
}

export const repositoryUrl = (env: Env, organization: string, project: string): string =>
  `${env.PUBLIC_URL}/r/${organization}/${project}`
