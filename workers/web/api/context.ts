// What every route finds in Hono's context.

import type { Role } from '@distropack/core/model/permissions.ts'
import type { Env } from '../env.ts'
import type { Actor, Organization, Project } from '../services/access/access.ts'
import type { JobOfBlob } from '../services/builds/jobs.ts'
import type { Platform } from '../services/platform/platform.ts'

export interface ApiContext {
  Bindings: Env
  Variables: {
    platform: Platform
    requestId: string
    actor: Actor
    /** Behind `inProject`. */
    project: Project
    /** Behind `inOrganization`. */
    organization: Organization & { readonly role: Role }
    /** Behind a job's token: the job, and whether its project has the blob that the address names. */
    job: JobOfBlob
  }
}
