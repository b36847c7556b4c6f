// May this organization do that, and if not, why: asked by every service that lets an organization add something, and
// by nothing that serves a reader.
import { type Ask, judge } from '@distropack/core/billing/quota.ts'
import { explainShortfall } from '@distropack/core/billing/words.ts'
import { billingPageUrl } from '@distropack/core/contract/billing.ts'
import type { BlobRef } from '@distropack/core/contract/wire.ts'
import { type Fault, fault } from '@distropack/core/fault.ts'
import { err, ok, type Result } from '@distropack/core/result.ts'
import { eq } from 'drizzle-orm'
import { organizations, projects } from '../../db/schema.ts'
import type { Platform } from '../platform/platform.ts'
import { isBillingOn, readStanding } from './billing-switch.ts'
import { tellOfLimits } from './notices.ts'
import { isContentKnown, storedBy } from './storage-count.ts'
import { readUsage } from './usage.ts'

export type { Ask } from '@distropack/core/billing/quota.ts'

export const billingPage = async ({ db, env }: Platform, organizationId: string): Promise<string> => {
  const mine = eq(organizations.id, organizationId)
  const [row] = await db.select({ slug: organizations.slug }).from(organizations).where(mine)
  return billingPageUrl(env.DASHBOARD_URL || env.PUBLIC_URL, row?.slug ?? organizationId)
}

/**
 * `quota_exceeded` with the limit, what is used, what the plan allows and a link, or nothing. What several requests add
 * side by side is measured against what stood before them, so a limit can be passed by as much as is under way at once.
 */
export const mayUse = async (platform: Platform, organizationId: string, ask: Ask): Promise<Result<void, Fault>> => {
  if (!isBillingOn(platform.env)) return ok(undefined)
  const standing = await readStanding(platform, organizationId)
  const usage = await readUsage(platform, organizationId, standing.period)
  const shortfall = judge(ask, standing, usage)
  await tellOfLimits(platform, organizationId, { standing, usage, shortfall })
  if (!shortfall) return ok(undefined)
  const link = await billingPage(platform, organizationId)
  return err({ ...fault('quota_exceeded', explainShortfall(shortfall, standing, link)), link })
}

/** The same for whoever knows the project alone. */
export const mayUseIn = async (platform: Platform, projectId: string, ask: Ask): Promise<Result<void, Fault>> => {
  if (!isBillingOn(platform.env)) return ok(undefined)
  const mine = eq(projects.id, projectId)
  const [row] = await platform.db.select({ id: projects.organizationId }).from(projects).where(mine)
  if (!row) throw new Error(`project ${projectId} is gone`)
  return mayUse(platform, row.id, ask)
}

/** A new project, and a private one is asked for twice. */
export const mayHaveProject = async (
  platform: Platform,
  organizationId: string,
  access: 'public' | 'private',
): Promise<Result<void, Fault>> => {
  const may = await mayUse(platform, organizationId, { kind: 'project' })
  return may.ok && access === 'private' ? mayUse(platform, organizationId, { kind: 'private_repository' }) : may
}

/** A project that comes from another organization, with all that it stored. */
export const mayTakeOver = async (
  platform: Platform,
  organizationId: string,
  project: { readonly id: string; readonly access: 'public' | 'private' },
): Promise<Result<void, Fault>> => {
  const may = await mayHaveProject(platform, organizationId, project.access)
  if (!may.ok) return may
  return mayUse(platform, organizationId, { kind: 'upload', sizeBytes: await storedBy(platform, project.id) })
}

/** An upload of what the organization has already adds nothing and is always taken. */
export const mayUpload = async (platform: Platform, projectId: string, blob: BlobRef): Promise<Result<void, Fault>> => {
  const asked = await mayUseIn(platform, projectId, { kind: 'upload', sizeBytes: blob.sizeBytes })
  if (asked.ok) return asked
  return (await isContentKnown(platform, projectId, blob.sha256)) ? ok(undefined) : asked
}
