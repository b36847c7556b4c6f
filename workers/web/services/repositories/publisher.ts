// The one writer of a repository's generations, as services call it.
import type { Platform } from '../platform/platform.ts'

export const publisherOf = ({ env }: Platform, projectId: string) =>
  env.PUBLISHERS.get(env.PUBLISHERS.idFromName(projectId))

/** Says that D1 holds something new for it. Once this answered, the publisher's own alarm sees it through. */
export const wakePublisher = (platform: Platform, projectId: string): Promise<void> =>
  publisherOf(platform, projectId).publish(projectId)
