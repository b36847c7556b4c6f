// Behind a confirmation mail: a page that asks for the password, and what it sends (services/accounts/confirmation.ts
// says why opening the mail alone confirms nothing). Plain HTML, for a mail may be opened where no dashboard is.
import type { Fault } from '@distropack/core/fault.ts'
import { fault } from '@distropack/core/fault.ts'
import type { Context } from 'hono'
import { html } from 'hono/html'
import { confirmMailbox } from '../services/accounts/confirmation.ts'
import type { ApiContext } from './context.ts'
import { answerFaults, refuse, statusOfCode } from './faults.ts'

// Without color-scheme the browser paints a white field on a dark page.
const STYLE =
  ':root{color-scheme:light dark}body{font:16px/1.5 system-ui;max-width:26rem;margin:4rem auto;padding:0 1rem}h1{font-size:1.5rem}' +
  'input,button{font:inherit;padding:.5rem;width:100%;box-sizing:border-box;margin:.25rem 0}button{font-weight:600}' +
  '[role=alert]{color:light-dark(#b00020,#ff8a80)}'

const page = (body: ReturnType<typeof html>) => html`<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Confirm your e-mail address</title>
<style>${STYLE}</style>
<main><h1>Confirm your e-mail address</h1>${body}</main></html>`

const form = (token: string, trouble?: Fault) =>
  page(html`
<p>Give the password you chose when you made the account; who forgot it asks for a new one where one signs in. If you made
none here, close this page: nobody can use the account without you.</p>
${trouble ? html`<p role="alert">${trouble.message}</p>` : ''}
<form method="post"><input type="hidden" name="token" value="${token}">
<label>Password <input type="password" name="password" autocomplete="current-password" required autofocus></label>
<button>Confirm</button></form>`)

/** The mailed link: it confirms nothing by being opened, be it by a person or by a mail scanner. */
export const showConfirmation = (context: Context<ApiContext>) => context.html(form(context.req.query('token') ?? ''))

const readSent = async (context: Context<ApiContext>) => {
  const isJson = /^application\/json\b/i.test(context.req.header('content-type') ?? '')
  const sent: unknown = isJson ? await context.req.json().catch(() => undefined) : await context.req.parseBody()
  const { token, password } = (sent ?? {}) as Readonly<Record<string, unknown>>
  if (typeof token !== 'string' || typeof password !== 'string') {
    return refuse(fault('request_invalid', 'Send the token of the mail and the password, as token and password.'))
  }
  return { isJson, token, password }
}

export const sendConfirmation = async (context: Context<ApiContext>): Promise<Response> => {
  const { isJson, token, password } = await readSent(context)
  const { headers } = context.req.raw
  const sent = { url: new URL(context.req.url), headers, token, password }
  const confirmed = await confirmMailbox(context.get('platform'), sent)
  if (!confirmed.ok) {
    if (isJson) return answerFaults(context, [confirmed.error])
    return context.html(form(token, confirmed.error), statusOfCode(confirmed.error.code))
  }
  if (isJson || confirmed.value.status >= 300) return confirmed.value
  return context.html(page(html`<p>Confirmed. You can sign in now.</p>`))
}
