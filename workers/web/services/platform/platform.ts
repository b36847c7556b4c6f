// The effects services run on, gathered once per request, message or alarm.
import type { CiIdentity } from '@distropack/core/contract/api.ts'
import type { AuditActor } from '@distropack/core/contract/audit.ts'
import type { Fault } from '@distropack/core/fault.ts'
import type { Result } from '@distropack/core/result.ts'
import { type Database, openDatabase } from '../../db/client.ts'
import type { Env } from '../../env.ts'
import { openVault, type Vault } from '../../signing/vault.ts'
import { newId } from './ids.ts'

export interface Platform {
  readonly env: Env
  readonly db: Database
  readonly bucket: R2Bucket
  readonly nowMs: () => number
  /** On whose account this runs; the audit log names it. */
  readonly who: AuditActor
  /** Of a CI run: what its issuer says of it. */
  readonly identity?: CiIdentity
  /** Of the HTTP request, or of the message or alarm. */
  readonly requestId: string
  readonly vault: () => Promise<Result<Vault, Fault>>
}

const SYSTEM: AuditActor = { kind: 'system', id: 'system', name: 'DistroPack' }

/** On its own account until an entry point says who asks. */
export const openPlatform = (env: Env, requestId = newId('req', Date.now())): Platform => {
  let vault: Promise<Result<Vault, Fault>> | undefined
  return {
    env,
    db: openDatabase(env.DB),
    bucket: env.BUCKET,
    nowMs: () => Date.now(),
    who: SYSTEM,
    requestId,
    vault: () => {
      vault ??= openVault(env.KEY_ENCRYPTION_KEY, env.KEY_ENCRYPTION_KEY_BEFORE)
      return vault
    },
  }
}

export const repositoryUrl = (env: Env, organization: string, project: string): string =>
  `${env.PUBLIC_URL}/r/${organization}/${project}`
