// What every route finds in Hono's context.

import type { Env } from '../env.ts'
import type { Actor } from '../services/access.ts'
import type { Platform } from '../services/platform.ts'

export interface ApiContext {
  Bindings: Env
  Variables: { platform: Platform; requestId: string; actor: Actor /** Behind a job's token. */; projectId: string }
}
