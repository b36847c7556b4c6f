// What an operator of an instance asks and gets.
import * as z from 'zod'
import { emailSchema } from './members.ts'
import { requestObject } from './request.ts'
import { pageQuerySchema, slugSchema } from './wire.ts'

export const userSchema = z
  .object({
    id: z.string(),
    name: z.string(),
    email: z.string(),
    emailVerified: z.boolean(),
    isOperator: z.boolean(),
    twoFactorEnabled: z.boolean(),
    createdAtMs: z.number(),
  })
  .meta({ id: 'User' })

export const createUserSchema = requestObject({
  email: emailSchema,
  name: z.string().trim().min(1).max(100),
  password: z.string().min(10).max(200),
  organization: slugSchema.optional().meta({ description: 'One that is there; the account becomes an owner of it' }),
}).meta({ id: 'CreateUser' })

export const editUserSchema = requestObject({ isOperator: z.boolean() }).meta({ id: 'EditUser' })
export const usersQuerySchema = pageQuerySchema.extend({
  email: z.string().max(254).optional().meta({ description: 'Addresses that begin so' }),
})
export const inviteToInstanceSchema = requestObject({ email: emailSchema }).meta({ id: 'InviteToInstance' })

export const operatorOrganizationSchema = z
  .object({
    id: z.string(),
    organization: slugSchema,
    name: z.string(),
    members: z.number(),
    projects: z.number(),
    createdAtMs: z.number(),
  })
  .meta({ id: 'OperatorOrganization' })

export const platformStateSchema = z
  .object({
    readOnly: z.boolean().meta({ description: 'Nothing is written but what readers need; reading goes on' }),
    reason: z.string().nullable(),
  })
  .meta({ id: 'PlatformState' })
export const editPlatformStateSchema = requestObject({
  readOnly: z.boolean(),
  reason: z.string().trim().max(200).optional(),
}).meta({ id: 'EditPlatformState' })

export const rotatedKeySchema = z
  .object({
    resealed: z.number().int().meta({ description: 'Secrets now sealed under the new key' }),
    remaining: z.number().int().meta({ description: 'Ask again until this is 0' }),
  })
  .meta({ id: 'RotatedKey' })

export const stuckWorkSchema = z
  .object({
    id: z.string(),
    kind: z.enum(['grant', 'publisher', 'request']),
    subject: z.string(),
    attempts: z.number().int(),
    message: z.string().meta({ description: 'What is not as the database says, and why' }),
    createdAtMs: z.number(),
    nextAttemptAtMs: z.number(),
  })
  .meta({ id: 'StuckWork' })
