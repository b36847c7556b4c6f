// What a reader pastes: each format's own words about this repository.
import type { installSchema } from '@distropack/core/contract/api.ts'
import type { RepositoryAddress } from '@distropack/core/format.ts'
import { FORMATS } from '@distropack/core/registry.ts'
import { and, eq, inArray } from 'drizzle-orm'
import type { z } from 'zod'
import { artifacts, publications } from '../../db/schema.ts'
import type { Env } from '../../env.ts'
import { readPublicKeys } from '../../signing/keyring.ts'
import type { Project } from '../access/access.ts'
import { type Platform, repositoryUrl } from '../platform/platform.ts'

/** Enough to show; nobody pastes more names than this. */
const MAX_NAMES = 20

/** Where it is, and what it is called inside: a project that moved keeps the name it was made with. */
export const repositoryAddress = (env: Env, named: Project, channel: string): RepositoryAddress => {
  const [organization = named.organization, project = named.slug] = named.madeAs?.split('/') ?? []
  return { baseUrl: repositoryUrl(env, named.organization, named.slug), organization, project, channel }
}

export const describeInstall = async (
  platform: Platform,
  project: Project,
  channel: string,
): Promise<z.infer<typeof installSchema>> => {
  const keys = await readPublicKeys(platform.db, project.id)
  const offered = await platform.db
    .selectDistinct({ format: artifacts.format, name: artifacts.name })
    .from(publications)
    .innerJoin(artifacts, eq(artifacts.id, publications.artifactId))
    .where(
      and(
        eq(publications.projectId, project.id),
        eq(publications.channel, channel),
        inArray(publications.state, ['pending', 'published']),
      ),
    )
    .limit(MAX_NAMES * FORMATS.length)
  const isPrivate = project.access === 'private'
  const address = { ...repositoryAddress(platform.env, project, channel), isPrivate }
  const instructions = FORMATS.flatMap((format) => {
    const names = offered.filter((row) => row.format === format.id).map(({ name }) => name)
    if (names.length === 0) return []
    const { title, commands, note } = format.repository.instructions(address, names.slice(0, MAX_NAMES), keys)
    return [{ format: format.id, title, commands: [...commands], ...(note ? { note } : {}) }]
  })
  return { channel, instructions }
}
