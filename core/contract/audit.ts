// The audit log's words and shapes. An action is public and stable, like a fault's code: filters and exports carry it.
import * as z from 'zod'
import { requestObject } from './request.ts'
import { pageQuerySchema } from './wire.ts'

export const AUDIT_ACTIONS = [
  'organization.created',
  'organization.edited',
  'organization.deleted',
  'member.invited',
  'member.joined',
  'member.changed',
  'member.removed',
  'invitation.revoked',
  'token.created',
  'token.rotated',
  'token.revoked',
  'project.created',
  'project.edited',
  'project.transferred',
  'package.created',
  'package.edited',
  'package.archived',
  'file.uploaded',
  'build.created',
  'build.finished',
  'build.failed',
  'artifact.published',
  'artifact.yanked',
  'artifact.unyanked',
  'artifact.deleted',
  'generation.flipped',
  'key.added',
  'key.retired',
  'publisher.created',
  'publisher.edited',
  'publisher.deleted',
  'identity.accepted',
  'webhook.created',
  'webhook.edited',
  'webhook.deleted',
  'billing.changed',
  'quota.near',
  'quota.over',
] as const
export type AuditAction = (typeof AUDIT_ACTIONS)[number]

export const auditActorSchema = z.object({
  kind: z.enum(['user', 'token', 'ci', 'operator', 'system']),
  id: z.string(),
  /** As it was called then: an e-mail address, a token's name, a CI identity's subject. */
  name: z.string(),
})
export type AuditActor = z.infer<typeof auditActorSchema>

export const auditEntrySchema = z
  .object({
    id: z.string(),
    atMs: z.number(),
    action: z.enum(AUDIT_ACTIONS),
    actor: auditActorSchema,
    project: z.string().nullable().meta({ description: 'The project’s id; null: of the organization as a whole' }),
    subject: z.string().meta({ description: 'What it was done to: an id or a name' }),
    before: z.unknown().meta({ description: 'What was changed, as it was; null when there was nothing' }),
    after: z.unknown(),
    requestId: z.string(),
  })
  .meta({ id: 'AuditEntry' })
export type AuditEntry = z.infer<typeof auditEntrySchema>

export const auditFilterSchema = requestObject({
  action: z.enum(AUDIT_ACTIONS).optional(),
  actor: z.string().max(100).optional().meta({ description: 'An actor’s id' }),
  fromMs: z.coerce.number().int().nonnegative().optional(),
  /** Exclusive. */
  untilMs: z.coerce.number().int().nonnegative().optional(),
})
export const auditQuerySchema = pageQuerySchema.extend(auditFilterSchema.shape)
