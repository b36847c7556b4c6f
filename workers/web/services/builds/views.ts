// Rows as the API shows them.
import type { artifactSchema, Build, Job } from '@distropack/core/contract/api.ts'
import { FINAL_JOB_STATES } from '@distropack/core/contract/api.ts'
import type { z } from 'zod'
import type { builds, jobs } from '../../db/schema.ts'
import type { Project } from '../access/access.ts'
import type { ArtifactRow, PublicationRow } from '../packages/artifacts.ts'

/** Every path segment encoded, so that `+`, `~` and `:` of versions survive any client. */
export const urlOfPath = (baseUrl: string, path: string): string =>
  `${baseUrl}/${path.split('/').map(encodeURIComponent).join('/')}`

const describeFile = ({ id, fileName, name, version, arch, sizeBytes, sha256 }: ArtifactRow) => ({
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

export interface JobFacts {
  readonly job: typeof jobs.$inferSelect
  readonly artifact: ArtifactRow | null
  readonly offer: PublicationRow | null
}

const viewJob = ({ job, artifact, offer }: JobFacts, baseUrl: string): Job => ({
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

const buildState = (shown: readonly Job[]): Build['state'] => {
  if (shown.some(({ state }) => !FINAL_JOB_STATES.includes(state))) return 'open'
  return shown.every(({ state }) => state === 'published') ? 'published' : 'failed'
}

export const viewBuild = (
  build: typeof builds.$inferSelect,
  facts: readonly JobFacts[],
  project: Project,
  baseUrl: string,
): Omit<Build, 'files'> => {
  const shown = facts.map((fact) => viewJob(fact, baseUrl))
  const { id, channel, createdAtMs } = build
  const { organization, slug } = project
  return { id, organization, project: slug, channel, createdAtMs, state: buildState(shown), jobs: shown }
}
