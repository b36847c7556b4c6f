// Mail through one provider's HTTP API, of the form several share: POST {from, to, subject, text} with a bearer token
// (https://resend.com/docs/api-reference/emails/send-email). On a laptop the address is the mailbox of the local entry point.
import type { Env } from '../env.ts'

export interface Mail {
  readonly to: string
  readonly subject: string
  readonly text: string
}

/** Somebody waits for the answer to a sign-up meanwhile. */
const TIMEOUT_MS = 10_000

/** Header injection is the provider's JSON to prevent; a subject of two lines is ours. */
const oneLine = (text: string): string => text.replaceAll(/\p{Cc}+/gu, ' ').slice(0, 200)

/** Throws when the mail was not taken; the message names no address and no body. */
export const sendMail = async (env: Env, { to, subject, text }: Mail): Promise<void> => {
  if (!env.MAIL_URL) throw new Error('MAIL_URL is not set: no mail can be sent')
  const response = await fetch(env.MAIL_URL, {
    method: 'POST',
    signal: AbortSignal.timeout(TIMEOUT_MS),
    headers: {
      'content-type': 'application/json',
      ...(env.MAIL_TOKEN ? { authorization: `Bearer ${env.MAIL_TOKEN}` } : {}),
    },
    body: JSON.stringify({ from: env.MAIL_FROM, to: [to], subject: oneLine(subject), text }),
  })
  await response.body?.cancel()
  if (!response.ok) throw new Error(`the mail provider answered ${response.status}`)
}
