// Organizations and who belongs to them.
import * as z from 'zod'
import { PERMISSIONS, ROLES } from '../model/permissions.ts'
import { requestObject } from './request.ts'
import { projectAccessSchema, slugSchema } from './wire.ts'

export const roleSchema = z.enum(ROLES)

export const organizationSchema = z
  .object({
    id: z.string(),
    organization: slugSchema,
    name: z.string(),
    role: roleSchema.meta({ description: 'Yours' }),
    defaultAccess: projectAccessSchema.meta({ description: 'Of a project that is made without a word on it' }),
    createdAtMs: z.number(),
  })
  .meta({ id: 'Organization' })

const nameSchema = z.string().trim().min(1).max(100)

export const createOrganizationSchema = requestObject({
  organization: slugSchema,
  name: nameSchema.optional(),
  defaultAccess: projectAccessSchema.default('public'),
}).meta({
  id: 'CreateOrganization',
})
export const editOrganizationSchema = requestObject({
  name: nameSchema.optional(),
  defaultAccess: projectAccessSchema.optional(),
}).meta({ id: 'EditOrganization' })
export type EditOrganization = z.infer<typeof editOrganizationSchema>

export const memberSchema = z
  .object({ userId: z.string(), name: z.string(), email: z.string(), role: roleSchema, joinedAtMs: z.number() })
  .meta({ id: 'Member' })
export const editMemberSchema = requestObject({ role: roleSchema }).meta({ id: 'EditMember' })

export const emailSchema = z.email().max(254).toLowerCase()

export const inviteSchema = requestObject({ email: emailSchema, role: roleSchema.default('reader') }).meta({
  id: 'Invite',
})
export const invitationSchema = z
  .object({
    id: z.string(),
    organization: slugSchema.nullable().meta({ description: 'null: to this instance alone' }),
    email: z.string(),
    role: roleSchema,
    invitedBy: z.string(),
    createdAtMs: z.number(),
    expiresAtMs: z.number(),
  })
  .meta({ id: 'Invitation' })

export const permissionTableSchema = z
  .object({ roles: z.array(roleSchema), permissions: z.record(z.string(), roleSchema) })
  .meta({ id: 'Permissions' })
/** What `GET /permissions` answers: the table the server itself goes by. */
export const permissionTable = { roles: [...ROLES], permissions: { ...PERMISSIONS } }
