// What a publish changes: each root and channel with something pending, and those that have no index yet.
import type { Entry } from '@distropack/core/model/entry.ts'
import { FORMATS } from '@distropack/core/registry.ts'
import type { Project } from '../access/access.ts'
import { formatOf, readEntries } from '../packages/entries.ts'
import type { Platform } from '../platform/platform.ts'
import { repositoryAddress } from '../projects/install.ts'
import type { ArtifactRow, Pending } from './package-paths.ts'
import { type PublishedEntry, type ScopeEdit, scopeName } from './scope.ts'
import { findSuccessors } from './successors.ts'

/** Every repository has it, also before anything is published. */
export const DEFAULT_CHANNEL = 'stable'

/** Formats that share a root share its edit. */
const ONE_OF_EACH_ROOT = [...new Map(FORMATS.map((format) => [format.repository.root, format])).values()]

export const isWithdrawing = ({ publication }: Pending): boolean => publication.state === 'withdrawing'

const readPublished = async ({ bucket }: Platform, rows: readonly ArtifactRow[]): Promise<PublishedEntry[]> => {
  const entries = await readEntries(bucket, rows)
  return rows.map(({ id }, at) => ({ artifactId: id, entry: entries[at] as Entry }))
}

interface Plan {
  readonly project: Project
  readonly pending: readonly Pending[]
  /** Names of those that have an index. */
  readonly scopes: readonly string[]
  /** Every index is made anew, with nothing new in it. */
  readonly isAnew: boolean
}

export const planScopes = async (platform: Platform, plan: Plan): Promise<ScopeEdit[]> => {
  const { project, pending, isAnew } = plan
  const known = new Set(plan.scopes)
  const channels = new Set([DEFAULT_CHANNEL, ...pending.map(({ publication }) => publication.channel)])
  for (const scope of known) channels.add(scope.slice(scope.indexOf('/') + 1))
  const edits: ScopeEdit[] = []
  for (const channel of channels) {
    const ofChannel = pending.filter(({ publication }) => publication.channel === channel)
    for (const format of ONE_OF_EACH_ROOT) {
      const { root } = format.repository
      const mine = ofChannel.filter(({ artifact }) => formatOf(artifact.format).repository.root === root)
      if (mine.length === 0 && !isAnew && known.has(scopeName(format, channel))) continue
      const leaving = mine.filter(isWithdrawing)
      const coming = mine.filter((each) => !isWithdrawing(each)).map(({ artifact }) => artifact)
      const added = await readPublished(platform, [...coming, ...(await findSuccessors(platform, channel, leaving))])
      const removedIds = leaving.map(({ artifact }) => artifact.id)
      edits.push({ format, address: repositoryAddress(platform.env, project, channel), added, removedIds })
    }
  }
  return edits
}
