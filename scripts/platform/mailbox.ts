// The mailbox of a local platform: what it would mail to people, as files and as a page. It takes the place of a mail
// provider (workers/web/mail/mailer.ts), and shows its page on this machine alone: mails open accounts.
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Request as MiniflareRequest, Response as MiniflareResponse } from 'miniflare'

export interface MailboxOptions {
  readonly stateDirectory: string
  /** What the Worker sends, so that nobody else on this machine fills the box. */
  readonly token: string
  /** False when the platform is shown to others than this machine. */
  readonly isShown: boolean
}

interface Mail {
  readonly from: string
  readonly to: readonly string[]
  readonly subject: string
  readonly text: string
}

/** Newest first, on the page. */
const SHOWN = 50
const PATH = '/mailbox'
export const mailboxPath = PATH

const escapeHtml = (text: string): string => text.replaceAll(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)

const linkify = (escaped: string): string =>
  escaped.replaceAll(/https?:\/\/[^\s<]+/g, (url) => `<a href="${url}">${url}</a>`)

const renderMail = ({ to, subject, text }: Mail): string =>
  `<article><h2>${escapeHtml(subject)}</h2><p>To ${escapeHtml(to.join(', '))}</p><pre>${linkify(escapeHtml(text))}</pre></article>`

const renderPage = (mails: readonly Mail[]): string => `<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Mailbox</title>
<style>body{font:16px/1.5 system-ui;max-width:44rem;margin:2rem auto;padding:0 1rem}pre{white-space:pre-wrap;overflow-wrap:anywhere}article{border-top:1px solid #8884}</style>
<h1>Mailbox</h1><p>What this platform would have mailed.</p>
${mails.length > 0 ? mails.map(renderMail).join('\n') : '<p>Nothing yet.</p>'}
</html>
`

export const openMailbox = ({ stateDirectory, token, isShown }: MailboxOptions) => {
  const folder = join(stateDirectory, 'mailbox')
  let count = 0
  const receive = async (request: MiniflareRequest): Promise<MiniflareResponse> => {
    if (request.headers.get('authorization') !== `Bearer ${token}`) return new MiniflareResponse(null, { status: 401 })
    const mail = (await request.json()) as Mail
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    const name = `${new Date().toISOString().replaceAll(':', '-')}-${String(count++).padStart(4, '0')}.json`
    writeFileSync(join(folder, name), `${JSON.stringify(mail, null, 2)}\n`, { mode: 0o600 })
    return MiniflareResponse.json({ id: name })
  }
  const show = (): MiniflareResponse => {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    const names = readdirSync(folder).sort().reverse().slice(0, SHOWN)
    const mails = names.map((name) => JSON.parse(readFileSync(join(folder, name), 'utf8')) as Mail)
    const headers = { 'content-type': 'text/html; charset=utf-8', 'referrer-policy': 'no-referrer' }
    return new MiniflareResponse(renderPage(mails), { headers })
  }
  return async (request: MiniflareRequest): Promise<MiniflareResponse> => {
    if (request.method === 'POST') return receive(request)
    return isShown ? show() : new MiniflareResponse('There is nothing at this address.\n', { status: 404 })
  }
}
