// Short words for OpenAPI routes, so that a route file reads as a table.
import { channelSchema, errorBodySchema, sha256Schema, slugSchema } from '@distropack/core/contract/wire.ts'
import { OpenAPIHono, z } from '@hono/zod-openapi'
import type { ApiContext } from './context.ts'
import { answerFaults, faultsOfRequest } from './faults.ts'

export const newRouter = () =>
  new OpenAPIHono<ApiContext>({
    defaultHook: (result, context) => {
      if (!result.success) return answerFaults(context, faultsOfRequest(result.error))
    },
  })

export const jsonBody = <T extends z.ZodType>(schema: T) => ({
  content: { 'application/json': { schema } },
  required: true,
})

const answer = <T extends z.ZodType>(description: string, schema: T) => ({
  description,
  content: { 'application/json': { schema } },
})

/** The success answer and the error every route may give. */
export const answers = <S extends number, T extends z.ZodType>(status: S, description: string, schema: T) =>
  ({ [status]: answer(description, schema), default: answer('Refused; `code` says why.', errorBodySchema) }) as {
    [K in S]: ReturnType<typeof answer<T>>
  }

export const bytesBody = {
  content: { 'application/octet-stream': { schema: z.any().openapi({ type: 'string', format: 'binary' }) } },
  required: true,
}

export const orgParams = z.object({ org: slugSchema })
export const projectParams = z.object({ org: slugSchema, project: slugSchema })
export const blobParams = projectParams.extend({ sha256: sha256Schema })
export const channelQuery = z.object({ channel: channelSchema.default('stable') })
export { doneSchema as okSchema } from '@distropack/core/contract/api.ts'
export const security = [{ token: [] }]
