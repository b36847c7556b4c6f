// One's own account, beside what better-auth serves below /api/auth: invitations, and all that is kept about one.
import { API_PATHS, accountExportSchema } from '@distropack/core/contract/api.ts'
import { invitationSchema } from '@distropack/core/contract/members.ts'
import { pageOf, pageQuerySchema } from '@distropack/core/contract/wire.ts'
import { z } from '@hono/zod-openapi'
import { exportAccount } from '../../../services/accounts/export.ts'
import { acceptInvitation, listMyInvitations } from '../../../services/people/invitations.ts'
import { need } from '../../faults.ts'
import { userOf } from '../../identity.ts'
import { answers, createRoute, newRouter, okSchema, personal } from '../../route.ts'

const tags = ['Account']
export const account = newRouter()

const mine = createRoute({
  method: 'get',
  path: API_PATHS.myInvitations,
  tags,
  ...personal,
  summary: 'List invitations to you, newest first',
  request: { query: pageQuerySchema },
  responses: answers(200, 'Open invitations', pageOf(invitationSchema)),
})
account.openapi(mine, async (context) =>
  context.json(await listMyInvitations(context.get('platform'), userOf(context), context.req.valid('query')), 200),
)

const accept = createRoute({
  method: 'post',
  path: API_PATHS.acceptInvitation,
  tags,
  ...personal,
  summary: 'Accept an invitation',
  request: { params: z.object({ invitationId: z.string() }) },
  responses: answers(200, 'You are a member', okSchema),
})
account.openapi(accept, async (context) => {
  need(await acceptInvitation(context.get('platform'), userOf(context), context.req.valid('param').invitationId))
  return context.json({ ok: true as const }, 200)
})

const download = createRoute({
  method: 'get',
  path: API_PATHS.exportAccount,
  tags,
  ...personal,
  summary: 'Everything that is kept about you',
  description: 'Without what would open something: passwords, secrets and session tokens are in no export.',
  responses: answers(200, 'Your account', accountExportSchema),
})
account.openapi(download, async (context) =>
  context.json(await exportAccount(context.get('platform'), userOf(context)), 200),
)
