// A generation as news: for the audit log, and for webhooks that listen.
import type { Project } from '../access/access.ts'
import type { Platform } from '../platform/platform.ts'
import { type PreparedAudit, prepareAudit } from '../platform/record.ts'
import type { Pending } from './package-paths.ts'
import { isWithdrawing } from './plan-scopes.ts'

/** Files one notice names; the feed and the API name them all. */
const MAX_NAMED = 100

interface Release {
  readonly name: string
  readonly channel: string
  readonly files: {
    readonly fileName: string
    readonly version: string
    readonly arch: string
    readonly sha256: string
  }[]
}

/** One notice for a package and channel, not one for each of its twenty targets. */
/** Packages of one generation that are told of one by one. A migration of thousands is one piece of news. */
const MAX_RELEASES = 50

const inOne = (releases: readonly Release[]): readonly Release[] =>
  [...Map.groupBy(releases, ({ channel }) => channel)].map(([channel, alike]) => ({
    name: `${alike.length} packages`,
    channel,
    files: alike.flatMap(({ files }) => files).slice(0, MAX_NAMED),
  }))

const releasesOf = (pending: readonly Pending[]): readonly Release[] => {
  const releases = new Map<string, Release>()
  for (const { artifact, publication } of pending.filter((each) => !isWithdrawing(each))) {
    const { name, fileName, version, arch, sha256 } = artifact
    const key = `${publication.channel} ${name}`
    const release = releases.get(key) ?? { name, channel: publication.channel, files: [] }
    releases.set(key, release)
    if (release.files.length < MAX_NAMED) release.files.push({ fileName, version, arch, sha256 })
  }
  return releases.size > MAX_RELEASES ? inOne([...releases.values()]) : [...releases.values()]
}

/** For the batch that calls it published. */
export const announcing = async (
  platform: Platform,
  project: Project,
  { generation, pending }: { readonly generation: number; readonly pending: readonly Pending[] },
): Promise<readonly PreparedAudit[]> => {
  const { organizationId, id: projectId } = project
  const releases = releasesOf(pending)
  const removed = pending.filter(isWithdrawing).length
  const flipped = await prepareAudit(platform, {
    organizationId,
    projectId,
    action: 'generation.flipped',
    subject: String(generation),
    after: { added: pending.length - removed, removed },
  })
  const actions = [flipped]
  for (const { name, channel, files } of releases) {
    const after = { channel, generation, files }
    actions.push(
      await prepareAudit(platform, { organizationId, projectId, action: 'artifact.published', subject: name, after }),
    )
  }
  return actions
}
