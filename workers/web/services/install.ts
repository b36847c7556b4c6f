// What a reader pastes: each format's own words about this repository.
import type { installSchema } from '@distropack/core/contract/api.ts'
import { FORMATS } from '@distropack/core/registry.ts'
import { and, eq, inArray } from 'drizzle-orm'
import type { z } from 'zod'
import { artifacts, publications } from '../db/schema.ts'
import { readSigningFacts } from '../signing/keyring.ts'
import type { Project } from './access.ts'
import { type Platform, repositoryUrl } from './platform.ts'

/** Enough to show; nobody pastes more names than this. */
const MAX_NAMES = 20

export const describeInstall = async (
  platform: Platform,
  project: Project,
  channel: string,
): Promise<z.infer<typeof installSchema>> => {
  const facts = await readSigningFacts(platform.db, project.id)
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
  const baseUrl = repositoryUrl(platform.env, project.organization, project.slug)
  const address = { baseUrl, organization: project.organization, project: project.slug, channel }
  const instructions = FORMATS.flatMap((format) => {
    const names = offered.filter((row) => row.format === format.id).map(({ name }) => name)
    if (names.length === 0) return []
    const { title, commands, note } = format.repository.instructions(address, names.slice(0, MAX_NAMES), facts)
    return [{ format: format.id, title, commands: [...commands], ...(note ? { note } : {}) }]
  })
  return { channel, instructions }
}
