// The operator's part of the API as functions.
import type * as z from 'zod'
import { API_PATHS, createdTokenSchema, deadLetterSchema, doneSchema } from './api.ts'
import type { Answer, CallApi } from './client.ts'
import { invitationSchema } from './members.ts'
import {
  type createUserSchema,
  operatorOrganizationSchema,
  platformStateSchema,
  rotatedKeySchema,
  stuckWorkSchema,
  userSchema,
} from './operator.ts'
import { pageOf } from './wire.ts'

type Page<T extends z.ZodType> = z.infer<ReturnType<typeof pageOf<T>>>

export const operatorCalls = (call: CallApi) => {
  const list = <T extends z.ZodType>(path: string, item: T, cursor?: string): Answer<Page<T>> =>
    call({ path, query: { limit: '200', ...(cursor === undefined ? {} : { cursor }) }, schema: pageOf(item) })
  return {
    users: (cursor?: string) => list(API_PATHS.operatorUsers, userSchema, cursor),
    createUser: (body: z.input<typeof createUserSchema>) =>
      call({ method: 'POST', path: API_PATHS.operatorUsers, body, schema: userSchema }),
    invite: (email: string) =>
      call({ method: 'POST', path: API_PATHS.operatorInvitations, body: { email }, schema: invitationSchema }),
    setOperator: (userId: string, isOperator: boolean) =>
      call({
        method: 'PATCH',
        path: API_PATHS.operatorUser,
        params: { userId },
        body: { isOperator },
        schema: userSchema,
      }),
    deleteUser: (userId: string) =>
      call({ method: 'DELETE', path: API_PATHS.operatorUser, params: { userId }, schema: doneSchema }),
    organizations: (cursor?: string) => list(API_PATHS.operatorOrganizations, operatorOrganizationSchema, cursor),
    /** Makes the organization, or finds it, and a token that administers it. */
    bootstrap: (organization: string) =>
      call({ method: 'POST', path: API_PATHS.bootstrap, body: { organization }, schema: createdTokenSchema }),
    deadLetters: (cursor?: string) => list(API_PATHS.deadLetters, deadLetterSchema, cursor),
    replay: (jobId: string) => call({ method: 'POST', path: API_PATHS.replay, params: { jobId }, schema: doneSchema }),
    reindex: (organization: string, project: string) =>
      call({ method: 'POST', path: API_PATHS.reindex, params: { org: organization, project }, schema: doneSchema }),
    /** What follows a change and fails again and again. */
    outbox: (cursor?: string) => list(API_PATHS.outbox, stuckWorkSchema, cursor),
    rotateKey: () => call({ method: 'POST', path: API_PATHS.rotateKey, schema: rotatedKeySchema }),
    sweep: () => call({ method: 'POST', path: API_PATHS.sweep, schema: doneSchema }),
    state: () => call({ path: API_PATHS.platformState, schema: platformStateSchema }),
    setReadOnly: (readOnly: boolean, reason?: string) =>
      call({
        method: 'PUT',
        path: API_PATHS.platformState,
        body: { readOnly, ...(reason === undefined ? {} : { reason }) },
        schema: platformStateSchema,
      }),
  }
}
