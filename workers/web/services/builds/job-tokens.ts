// What a packager holds while it builds: a token for one job's blobs, signed and short-lived, kept nowhere.
import type { Vault } from '../../signing/vault.ts'

/** The longest a build may take: the queue's own limit for one delivery. */
export const JOB_TOKEN_SECONDS = 15 * 60

const PURPOSE = 'job tokens v1'
const encode = (bytes: ArrayBuffer): string => Buffer.from(bytes).toString('base64url')

export const issueJobToken = async (vault: Vault, jobId: string, nowMs: number): Promise<string> => {
  const payload = `${jobId}.${Math.floor(nowMs / 1000) + JOB_TOKEN_SECONDS}`
  const mac = await crypto.subtle.sign('HMAC', await vault.derive(PURPOSE), Buffer.from(payload))
  return `dpj_${payload}.${encode(mac)}`
}

/** True only for a token issued for this job and not yet expired. */
export const isJobToken = async (vault: Vault, token: string, jobId: string, nowMs: number): Promise<boolean> => {
  const [id, expires, mac] = token.startsWith('dpj_') ? token.slice(4).split('.') : []
  if (id !== jobId || !expires || !mac || Number(expires) * 1000 <= nowMs) return false
  const payload = Buffer.from(`${id}.${expires}`)
  return crypto.subtle.verify('HMAC', await vault.derive(PURPOSE), Buffer.from(mac, 'base64url'), payload)
}
