// The audit log of an organization.
import { API_PATHS } from '@distropack/core/contract/api.ts'
import { auditEntrySchema, auditFilterSchema, auditQuerySchema } from '@distropack/core/contract/audit.ts'
import { pageOf } from '@distropack/core/contract/wire.ts'
import { z } from '@hono/zod-openapi'
import { exportAudit, listAudit } from '../../../services/platform/audit.ts'
import { answers, createRoute, inOrganization, newRouter, orgParams } from '../../route.ts'

const tags = ['Organizations']
export const audit = newRouter()

const readAudit = createRoute({
  method: 'get',
  path: API_PATHS.audit,
  tags,
  ...inOrganization('audit.read'),
  summary: 'Read the audit log, newest first',
  request: { params: orgParams, query: auditQuerySchema },
  responses: answers(200, 'Who did what', pageOf(auditEntrySchema)),
})
audit.openapi(readAudit, async (context) => {
  const { id } = context.get('organization')
  return context.json(await listAudit(context.get('platform'), id, context.req.valid('query')), 200)
})

const download = createRoute({
  method: 'get',
  path: API_PATHS.auditExport,
  tags,
  ...inOrganization('audit.read'),
  summary: 'Export the audit log as JSON lines, oldest first',
  request: { params: orgParams, query: auditFilterSchema },
  responses: {
    200: { description: 'One AuditEntry a line', content: { 'application/x-ndjson': { schema: z.string() } } },
  },
})
audit.openapi(download, (context) => {
  const { id, slug } = context.get('organization')
  const lines = exportAudit(context.get('platform'), id, context.req.valid('query'))
  const headers = {
    'content-type': 'application/x-ndjson',
    'content-disposition': `attachment; filename="${slug}-audit.jsonl"`,
  }
  // The typed answers know JSON and text alone.
  return Promise.resolve(new Response(lines, { headers }) as never)
})
