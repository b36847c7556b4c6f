// Rows as the API shows them.
import type { artifactSchema, Build, Job, JobCounts } from '@distropack/core/contract/api.ts'
import type { z } from 'zod'
import type { builds, jobs } from '../../db/schema.ts'
import type { Project } from '../access/access.ts'
import type { ArtifactRow, PublicationRow } from '../packages/artifacts.ts'

/** Every path segment encoded, so that `+`, `~` and `:` of versions survive any client. */
export const urlOfPath = (baseUrl: string, path: string): string =>
  `${baseUrl}/${path.split('/').map(encodeURIComponent).join('/')}`

const describeFile = ({ id, fileName, name, version, arch, sizeBytes, sha256 }: NonNullable<JobFacts['artifact']>) => ({
  id,
  fileName,
  name,
  version,
  arch,
  sizeBytes,
  sha256,
})

const isOffered = (state: PublicationRow['state']): boolean => state === 'pending' || state === 'published'

export const viewArtifact = (
  artifact: ArtifactRow,
  offers: readonly PublicationRow[],
  baseUrl: string,
): z.infer<typeof artifactSchema> => ({
  ...describeFile(artifact),
  format: artifact.format,
  channels: offers.filter(({ state }) => isOffered(state)).map(({ channel }) => channel),
  yankedFrom: offers.filter(({ state }) => !isOffered(state)).map(({ channel }) => channel),
  url: offers[0] ? urlOfPath(baseUrl, offers[0].path) : '',
  createdAtMs: artifact.createdAtMs,
  warnings: [...artifact.warnings],
})

/** What is shown of a job's package, and no more of its row. */
export interface JobFacts {
  readonly job: typeof jobs.$inferSelect
  readonly artifact: Pick<ArtifactRow, 'id' | 'fileName' | 'name' | 'version' | 'arch' | 'sizeBytes' | 'sha256'> | null
  readonly offer: Pick<PublicationRow, 'state' | 'path' | 'generation'> | null
}

export const viewJob = ({ job, artifact, offer }: JobFacts, baseUrl: string): Job => ({
  id: job.id,
  target: job.target,
  // Offered is a fact of the channel: a job whose package an earlier build made is published as soon as that is.
  state: job.state === 'built' && offer?.state === 'published' ? 'published' : job.state,
  attempts: job.attempts,
  faults: [...job.faults],
  warnings: [...job.warnings],
  artifact: artifact && { ...describeFile(artifact), url: offer ? urlOfPath(baseUrl, offer.path) : '' },
  generation: offer?.generation ?? null,
})

export const NO_JOBS: JobCounts = { waiting: 0, building: 0, built: 0, published: 0, failed: 0, dead: 0 }

const buildState = ({ waiting, building, built, failed, dead }: JobCounts): Build['state'] => {
  if (waiting + building + built > 0) return 'open'
  return failed + dead > 0 ? 'failed' : 'published'
}

export interface BuildFacts {
  readonly counts: JobCounts
  readonly shown: readonly JobFacts[]
}

export const viewBuild = (
  build: typeof builds.$inferSelect,
  { counts, shown }: BuildFacts,
  project: Project,
  baseUrl: string,
): Omit<Build, 'files'> => {
  const { organization, slug } = project
  const { id, channel, createdAtMs } = build
  const jobs = shown.map((fact) => viewJob(fact, baseUrl))
  return { id, organization, project: slug, channel, createdAtMs, state: buildState(counts), counts, jobs }
}
