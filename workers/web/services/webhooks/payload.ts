// What a notice says, for programs and for people.
import type { WebhookEvent } from '@distropack/core/contract/webhooks.ts'

export interface Happening {
  readonly event: WebhookEvent | 'ping'
  readonly atMs: number
  readonly organization: string
  readonly project: string | null
  readonly subject: string
  readonly before: unknown
  readonly after: unknown
  readonly actor: { readonly kind: string; readonly name: string }
}

/** Of Standard Webhooks: type, timestamp, data. */
export const renderJson = ({ event, atMs, ...data }: Happening): string =>
  JSON.stringify({ type: event, timestamp: new Date(atMs).toISOString(), data })

const SENTENCES: Readonly<Record<Happening['event'], string>> = {
  'build.finished': 'Build {subject} is finished',
  'build.failed': 'Build {subject} failed',
  'artifact.published': '{subject} is published',
  'artifact.yanked': '{subject} was yanked',
  'artifact.unyanked': '{subject} is offered again',
  'artifact.deleted': '{subject} was deleted',
  'generation.flipped': 'Generation {subject} is what readers get now',
  'key.added': 'The signing key {subject} was added',
  'key.retired': 'The signing key {subject} was retired',
  'identity.accepted': 'A CI run published for the first time as {subject}',
  'quota.near': 'The limit of {subject} is near',
  'quota.over': 'The limit of {subject} is reached: uploads and builds stop, readers go on',
  ping: 'This is a test: {subject}',
}

/** One line without markup: a package's name must not become a link or a mention in somebody's chat. */
const plain = (text: string): string => text.replaceAll(/[<>&*_~`|@\p{Cc}]/gu, ' ')

export const renderSentence = ({ event, organization, project, subject, actor }: Happening): string => {
  const place = project ? `${organization}/${project}` : organization
  const by = actor.kind === 'system' ? '' : ` (by ${plain(actor.name)})`
  return `${place}: ${SENTENCES[event].replace('{subject}', plain(subject))}${by}.`
}

/** What Slack's incoming webhooks take, and those who speak like them. */
export const renderSlack = (happening: Happening): string => JSON.stringify({ text: renderSentence(happening) })
