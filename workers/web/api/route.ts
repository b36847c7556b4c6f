// Short words for OpenAPI routes, so that a route file reads as a table.

import { requestObject } from '@distropack/core/contract/request.ts'
import { channelSchema, errorBodySchema, sha256Schema, slugSchema } from '@distropack/core/contract/wire.ts'
import type { Action } from '@distropack/core/model/permissions.ts'
import { createRoute as createPlainRoute, OpenAPIHono, z } from '@hono/zod-openapi'
import { createMiddleware } from 'hono/factory'
import { openOrganization, openProject } from '../services/access/access.ts'
import type { ApiContext } from './context.ts'
import { answerFaults, faultsOfRequest, need } from './faults.ts'
import { userOf } from './identity.ts'

export const newRouter = () =>
  new OpenAPIHono<ApiContext>({
    defaultHook: (result, context) => {
      if (!result.success) return answerFaults(context, faultsOfRequest(result.error))
    },
  })

const NO_QUERY = requestObject({})

/** A route of the API. One that names no query takes none: `?dry-run=1` on a DELETE must not delete. */
export const createRoute: typeof createPlainRoute = (config) =>
  createPlainRoute({ ...config, request: { query: NO_QUERY, ...config.request } })

export const jsonBody = <T extends z.ZodType>(schema: T) => ({
  content: { 'application/json': { schema } },
  required: true,
})

const answer = <T extends z.ZodType>(description: string, schema: T) => ({
  description,
  content: { 'application/json': { schema } },
})

const REFUSED = {
  description: 'Refused; `error.code` says why.',
  content: { 'application/problem+json': { schema: errorBodySchema } },
}

/** The success answer and the error every route may give. */
export const answers = <S extends number, T extends z.ZodType>(status: S, description: string, schema: T) =>
  ({ [status]: answer(description, schema), default: REFUSED }) as {
    [K in S]: ReturnType<typeof answer<T>>
  }

export const bytesBody = {
  content: { 'application/octet-stream': { schema: z.any().openapi({ type: 'string', format: 'binary' }) } },
  required: true,
}

/** Every POST takes it (api/idempotency.ts), and keeps it for a day; those of builds are of their project, whoever sends them. */
export const idempotencyHeader = z.object({ 'idempotency-key': z.string().min(8).max(200).optional() })

/** An edit of what was read: refused with 412 when it changed meanwhile. Optional where a lost edit does no harm. */
export const ifMatchHeader = z.object({ 'if-match': z.string().max(100).optional() })

export const orgParams = z.object({ org: slugSchema })
export const projectParams = z.object({ org: slugSchema, project: slugSchema })
export const blobParams = projectParams.extend({ sha256: sha256Schema })
export const channelQuery = requestObject({ channel: channelSchema.default('stable') })
export { doneSchema as okSchema } from '@distropack/core/contract/api.ts'

export const security: Record<string, string[]>[] = [{ token: [] }, { session: [] }]

/** Before anything of the request is read, so that a stranger learns nothing from what is wrong with it. */
const enterProject = (action: Action) =>
  createMiddleware<ApiContext>(async (context, next) => {
    const name = { organization: context.req.param('org') ?? '', slug: context.req.param('project') ?? '' }
    context.set('project', need(await openProject(context.get('platform'), context.get('actor'), name, action)))
    await next()
  })

const enterOrganization = (action: Action) =>
  createMiddleware<ApiContext>(async (context, next) => {
    const slug = context.req.param('org') ?? ''
    const opened = await openOrganization(context.get('platform'), context.get('actor'), slug, action)
    context.set('organization', need(opened))
    await next()
  })

/** A route below `/projects/{org}/{project}`: `context.get('project')` is one in which the actor may do this. */
export const inProject = (action: Action) => ({
  security,
  'x-permission': action,
  middleware: enterProject(action),
})

/** A route below `/organizations/{org}`: `context.get('organization')` is one in which the actor may do this. */
export const inOrganization = (action: Action) => ({
  security,
  'x-permission': action,
  middleware: enterOrganization(action),
})

/** A route for whoever is known: it answers about the caller alone. */
export const forAnybody = { security, 'x-permission': 'actor' as const }

/** A route about one's own account: for a person who signed in, not for a token, which must not make more of itself. */
export const personal = {
  security: [{ session: [] }] as Record<string, string[]>[],
  'x-permission': 'account' as const,
  middleware: createMiddleware<ApiContext>((context, next) => {
    userOf(context)
    return next()
  }),
}

/**
 * A route that makes `/projects/{org}/{project}`. Of a token of that one project, `context.get('project')` is there
 * afterwards; of everybody else `context.get('organization')`, in which they may make one.
 */
export const inNewProject = {
  security,
  'x-permission': 'project.create' as const,
  middleware: createMiddleware<ApiContext>((context, next) => {
    const actor = context.get('actor')
    const isOfProject = actor.kind === 'token' && actor.projectId !== null
    return (isOfProject ? enterProject : enterOrganization)('project.create')(context, next)
  }),
}

/** A route of the one who runs the instance. */
export const forOperator = { security, 'x-permission': 'operator' as const }
