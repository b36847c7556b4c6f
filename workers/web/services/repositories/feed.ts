// A repository's releases as an Atom feed (RFC 4287): one entry a build, the newest first, at `feed.atom`.
import { xmlElement, xmlText } from '@distropack/core/text/xml.ts'
import { and, desc, eq, inArray, lte, sql } from 'drizzle-orm'
import { chunksForStatement } from '../../db/client.ts'
import { artifacts, builds, jobs, publications } from '../../db/schema.ts'
import type { Project } from '../access/access.ts'
import { urlOfPath } from '../builds/views.ts'
import { type Platform, repositoryUrl } from '../platform/platform.ts'

const MAX_ENTRIES = 30
/** Of one build; a push of thousands names its first ones. */
const MAX_FILES = 200

interface Released {
  readonly buildId: string
  readonly channel: string
  readonly createdAtMs: number
  readonly name: string
  readonly version: string
  readonly fileName: string
  readonly path: string
}

const readReleased = async ({ db }: Platform, projectId: string): Promise<readonly Released[]> => {
  const newest = await db
    .select({ id: builds.id })
    .from(builds)
    .where(eq(builds.projectId, projectId))
    .orderBy(desc(builds.id))
    .limit(MAX_ENTRIES)
  const found: Released[] = []
  const place = sql<number>`row_number() OVER (PARTITION BY ${builds.id} ORDER BY ${artifacts.fileName})`
  for (const chunk of chunksForStatement(newest, 1, 2)) {
    const offered = and(eq(publications.artifactId, jobs.artifactId), eq(publications.channel, builds.channel))
    const placed = db
      .select({
        buildId: builds.id,
        channel: builds.channel,
        createdAtMs: builds.createdAtMs,
        name: artifacts.name,
        version: artifacts.version,
        fileName: artifacts.fileName,
        path: publications.path,
        place: place.as('place'),
      })
      .from(builds)
      .innerJoin(jobs, eq(jobs.buildId, builds.id))
      .innerJoin(artifacts, eq(artifacts.id, jobs.artifactId))
      .innerJoin(publications, offered)
      .where(
        and(
          inArray(
            builds.id,
            chunk.map(({ id }) => id),
          ),
          inArray(publications.state, ['pending', 'published']),
        ),
      )
      .as('placed')
    const rows = await db
      .select()
      .from(placed)
      .where(lte(placed.place, MAX_FILES))
      .orderBy(desc(placed.buildId), placed.fileName)
    found.push(...rows)
  }
  return found
}

const isoOf = (ms: number): string => new Date(ms).toISOString()
const words = (name: string, text: string) => xmlElement(name, {}, [xmlText(text)])

const entryOf = (baseUrl: string, files: readonly Released[]) => {
  const [first] = files
  if (!first) throw new Error('an entry without files')
  const { buildId, name, version, channel, createdAtMs } = first
  const list = files.map(({ fileName, path }) => `${fileName}  ${urlOfPath(baseUrl, path)}`).join('\n')
  return xmlElement('entry', {}, [
    words('id', `${baseUrl}/#${buildId}`),
    words('title', `${name} ${version} (${channel})`),
    words('updated', isoOf(createdAtMs)),
    xmlElement('link', { rel: 'alternate', href: `${baseUrl}/` }),
    xmlElement('content', { type: 'text' }, [xmlText(list)]),
  ])
}

export const renderFeed = async (platform: Platform, project: Project): Promise<Uint8Array> => {
  const baseUrl = repositoryUrl(platform.env, project.organization, project.slug)
  const byBuild = Map.groupBy(await readReleased(platform, project.id), ({ buildId }) => buildId)
  const releases = [...byBuild.values()]
  const feed = xmlElement('feed', { xmlns: 'http://www.w3.org/2005/Atom' }, [
    words('id', `${baseUrl}/`),
    words('title', `${project.organization}/${project.slug}`),
    words('updated', isoOf(releases[0]?.[0]?.createdAtMs ?? project.createdAtMs)),
    xmlElement('link', { rel: 'self', href: `${baseUrl}/feed.atom` }),
    xmlElement('author', {}, [words('name', project.organization)]),
    ...releases.map((files) => entryOf(baseUrl, files)),
  ])
  return new TextEncoder().encode(`<?xml version="1.0" encoding="UTF-8"?>\n${feed}\n`)
}
