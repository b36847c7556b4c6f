// Accounts as people use them: made, confirmed by mail, signed in to, recovered, protected, left.
import { env } from 'cloudflare:workers'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Env } from '../../workers/web/env.ts'
import { refuseSignUp } from '../../workers/web/services/accounts/rules.ts'
import { openPlatform } from '../../workers/web/services/platform/platform.ts'
import { confirmMailbox, mailsTo, newPerson, openBrowser, openMailedLink, PASSWORD } from './people.ts'
import { api, freshPlatform, OPERATOR, send, settle, testEnv } from './web-fixture.ts'

afterAll(settle)
beforeAll(freshPlatform)

describe('an account', () => {
  it('is made with a password and usable once its address is confirmed', async () => {
    const browser = openBrowser()
    const email = 'ada@example.net'
    const made = await browser.auth('POST', '/sign-up/email', { email, name: 'Ada', password: PASSWORD })
    expect(made.status).toBe(200)
    const early = await browser.auth('POST', '/sign-in/email', { email, password: PASSWORD })
    expect(early.status).toBe(403)
    expect((await browser.api('GET', '/whoami')).status).toBe(401)
    // A program that looks for harm in mails opens every link of them.
    expect((await openMailedLink(browser, email)).body).toContain('type="password"')
    expect((await browser.auth('POST', '/sign-in/email', { email, password: PASSWORD })).status).toBe(403)
    expect((await confirmMailbox(browser, email)).status).toBe(200)
    expect((await browser.auth('POST', '/sign-in/email', { email, password: PASSWORD })).status).toBe(200)
    const me = (await browser.api('GET', '/whoami')).body
    expect(me).toMatchObject({ kind: 'user', email })
  })

  it('runs the instance when the operator’s settings name its mailbox, and never because it came first', async () => {
    const ada = openBrowser()
    await ada.auth('POST', '/sign-in/email', { email: 'ada@example.net', password: PASSWORD })
    expect((await ada.api('GET', '/whoami')).body.isOperator).toBe(true)
    expect((await ada.api('GET', '/operator/users')).body.items).toHaveLength(1)
    const bob = await newPerson('bob')
    expect((await bob.api('GET', '/whoami')).body.isOperator).toBe(false)
    expect((await bob.api('GET', '/operator/users')).status).toBe(404)
  })

  it('with a wrong password opens nothing, and says the same as one that is not there', async () => {
    const browser = openBrowser('203.0.113.9')
    const wrong = await browser.auth('POST', '/sign-in/email', { email: 'bob@example.net', password: 'not it at all' })
    const nobody = await browser.auth('POST', '/sign-in/email', {
      email: 'nobody@example.net',
      password: 'not it at all',
    })
    expect([wrong.status, nobody.status]).toEqual([401, 401])
    const told = ({ body }: typeof wrong) => ({ code: body.code, message: body.message, title: body.title })
    expect(told(wrong)).toEqual(told(nobody))
    expect(wrong.body.error.requestId).toMatch(/^req_/)
  })

  it('made twice answers as if it were made, and tells only the mailbox', async () => {
    const browser = openBrowser('203.0.113.10')
    const again = await browser.auth('POST', '/sign-up/email', {
      email: 'bob@example.net',
      name: 'B',
      password: PASSWORD,
    })
    expect(again.status).toBe(200)
    expect((await mailsTo('bob@example.net')).at(-1)?.subject).toContain('already have an account')
  })

  it('forgotten is recovered by mail, which ends every session', async () => {
    const carol = await newPerson('carol')
    const other = openBrowser('203.0.113.11')
    await other.auth('POST', '/request-password-reset', { email: carol.email, redirectTo: '/' })
    const link = /reset-password\/([^?\s]+)/.exec((await mailsTo(carol.email)).at(-1)?.text ?? '')
    const reset = await other.auth('POST', '/reset-password', { newPassword: 'a whole new password', token: link?.[1] })
    expect(reset.status).toBe(200)
    expect((await carol.api('GET', '/whoami')).status).toBe(401)
    const signIn = { email: carol.email, password: 'a whole new password' }
    expect((await other.auth('POST', '/sign-in/email', signIn)).status).toBe(200)
    // The link works once.
    const twice = await other.auth('POST', '/reset-password', { newPassword: 'a third password!', token: link?.[1] })
    expect(twice.status).toBe(400)
  })

  it('shows its sessions and ends one of them', async () => {
    const dora = await newPerson('dora')
    const phone = openBrowser('203.0.113.12')
    await phone.auth('POST', '/sign-in/email', { email: dora.email, password: PASSWORD })
    const sessions = (await dora.auth('GET', '/list-sessions')).body
    expect(sessions).toHaveLength(2)
    const theirs = sessions.find((session: { ipAddress: string }) => session.ipAddress === '203.0.113.12')
    expect((await dora.auth('POST', '/revoke-session', { token: theirs.token })).status).toBe(200)
    expect((await phone.api('GET', '/whoami')).status).toBe(401)
    expect((await dora.api('GET', '/whoami')).status).toBe(200)
  })

  it('gives out all that is kept about it, and no secret', async () => {
    const erin = await newPerson('erin')
    await erin.api('POST', '/organizations', { organization: 'erins' })
    const { secret } = (await erin.api('POST', '/account/tokens', { name: 'laptop', scopes: ['read'] })).body
    const all = (await erin.api('GET', '/account/export')).body
    expect(all.user.email).toBe(erin.email)
    expect(all.organizations).toMatchObject([{ organization: 'erins', role: 'owner' }])
    expect(all.actions).toMatchObject([{ action: 'organization.created', subject: 'erins' }])
    const text = JSON.stringify(all)
    const { results } = await testEnv.DB.prepare(
      'SELECT token AS t FROM sessions UNION SELECT password FROM sign_ins',
    ).all<{ t: string }>()
    for (const { t } of results) expect(text).not.toContain(t)
    expect(text).not.toContain(secret)
  })

  it('that alone owns an organization is not deleted; one that owns nothing is, with its tokens', async () => {
    const frank = await newPerson('frank')
    await frank.api('POST', '/organizations', { organization: 'franks' })
    const refused = await frank.auth('POST', '/delete-user', { password: PASSWORD })
    expect([refused.status, refused.body.message]).toEqual([409, expect.stringContaining('franks')])
    await frank.api('DELETE', '/organizations/franks')
    const { secret } = (await frank.api('POST', '/account/tokens', { name: 'x', scopes: ['read'] })).body
    expect((await api('GET', '/whoami', { token: secret })).status).toBe(200)
    expect((await frank.auth('POST', '/delete-user', { password: PASSWORD })).status).toBe(200)
    expect((await frank.api('GET', '/whoami')).status).toBe(401)
    expect((await api('GET', '/whoami', { token: secret })).status).toBe(401)
  })
})

describe('a session', () => {
  it('fixed before sign-in is not the one after it', async () => {
    const browser = openBrowser('203.0.113.20')
    browser.cookies.set('distropack.session_token', 'chosen-by-an-attacker.c2lnbmF0dXJl')
    expect((await browser.api('GET', '/whoami')).status).toBe(401)
    await browser.auth('POST', '/sign-in/email', { email: 'bob@example.net', password: PASSWORD })
    expect(browser.cookies.get('distropack.session_token')).not.toContain('chosen-by-an-attacker')
    const attacker = openBrowser('203.0.113.21')
    attacker.cookies.set('distropack.session_token', 'chosen-by-an-attacker.c2lnbmF0dXJl')
    expect((await attacker.api('GET', '/whoami')).status).toBe(401)
  })

  it('acts for no page of another site', async () => {
    const grace = await newPerson('grace')
    const forged = await grace.api(
      'POST',
      '/organizations',
      { organization: 'forged' },
      { origin: 'https://evil.test' },
    )
    expect([forged.status, forged.body.error.code]).toEqual([403, 'origin_refused'])
    expect((await grace.api('GET', '/organizations')).body.items).toEqual([])
    const answer = await grace.api('GET', '/whoami', undefined, { origin: 'https://evil.test' })
    expect(answer.headers.get('access-control-allow-origin')).toBeNull()
  })

  it('cookie is for HTTP alone and for this site alone', async () => {
    const answer = await openBrowser('203.0.113.22').auth('POST', '/sign-in/email', {
      email: 'bob@example.net',
      password: PASSWORD,
    })
    const cookie = answer.headers.getSetCookie().find((line) => line.startsWith('distropack.session_token='))
    expect(cookie).toMatch(/HttpOnly/i)
    expect(cookie).toMatch(/SameSite=Lax/i)
  })
})

describe('guessing', () => {
  it('at passwords is slowed down by address', async () => {
    const guesser = openBrowser('203.0.113.66')
    const statuses: number[] = []
    for (let i = 0; i < 6; i++) {
      const answer = await guesser.auth('POST', '/sign-in/email', {
        email: 'bob@example.net',
        password: `guess ${i} ....`,
      })
      statuses.push(answer.status)
      if (answer.status === 429) expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0)
    }
    expect(statuses).toContain(429)
    const elsewhere = openBrowser('203.0.113.67')
    expect(
      (await elsewhere.auth('POST', '/sign-in/email', { email: 'bob@example.net', password: PASSWORD })).status,
    ).toBe(200)
  })

  it('at one account from everywhere ends for everybody but a browser that its owner used before', async () => {
    const owner = await newPerson('guessed')
    const signIn = { email: owner.email, password: PASSWORD }
    const answers: number[] = []
    for (let from = 100; from < 112; from++) {
      const browser = openBrowser(`203.0.113.${from}`)
      const guess = { email: owner.email.toUpperCase(), password: 'not the right one' }
      answers.push((await browser.auth('POST', '/sign-in/email', guess)).status)
    }
    expect(answers).toEqual([...Array(10).fill(401), 429, 429])
    const stranger = openBrowser('203.0.113.120')
    expect((await stranger.auth('POST', '/sign-in/email', signIn)).status).toBe(429)
    expect((await owner.auth('POST', '/sign-in/email', signIn)).status).toBe(200)
    // All at the same moment are no fewer.
    const many = await newPerson('guessed-at-once')
    const guesses = Array.from({ length: 30 }, (_, n) =>
      openBrowser(`203.0.114.${n}`).auth('POST', '/sign-in/email', { email: many.email, password: 'not this one' }),
    )
    const tried = (await Promise.all(guesses)).filter(({ status }) => status === 401)
    expect(tried).toHaveLength(10)
    // Another's token is no token here.
    stranger.cookies.set('distropack.browser', (await newPerson('other')).cookies.get('distropack.browser') ?? '')
    expect((await stranger.auth('POST', '/sign-in/email', signIn)).status).toBe(429)
  })
})

describe('a mailbox of somebody else', () => {
  it('is not taken by registering it and waiting for a click', async () => {
    const attacker = openBrowser('203.0.113.130')
    const victim = openBrowser('203.0.113.131')
    const email = 'victim@example.net'
    const inviter = await newPerson('inviter')
    await inviter.api('POST', '/organizations', { organization: 'inviting' })
    const invited = await inviter.api('POST', '/organizations/inviting/invitations', { email, role: 'admin' })
    await attacker.auth('POST', '/sign-up/email', { email, name: 'V', password: 'what the attacker knows' })
    const waysIn = `FROM sign_ins WHERE user_id = (SELECT id FROM users WHERE email = '${email}')`
    // A provider that vouches for no mailbox gave the attacker a second one.
    await testEnv.DB.prepare(
      `INSERT INTO sign_ins (id, user_id, account_id, provider_id, created_at, updated_at)
       SELECT 'row_attacker', user_id, 'attacker', 'oidc', created_at, updated_at ${waysIn}`,
    ).run()
    // The owner of the mailbox opens the mail, and is asked for a password they never chose.
    expect((await openMailedLink(victim, email)).status).toBe(200)
    const guessed = await confirmMailbox(victim, email, 'what the victim might guess')
    expect([guessed.status, guessed.body.error.code]).toEqual([403, 'forbidden'])
    const signIn = await attacker.auth('POST', '/sign-in/email', { email, password: 'what the attacker knows' })
    expect(signIn.status).toBe(403)
    expect((await attacker.api('POST', `/account/invitations/${invited.body.id}/accept`)).status).toBe(401)
    // A new password by mail makes the account the mailbox owner's, whoever made it.
    await victim.auth('POST', '/request-password-reset', { email, redirectTo: '/' })
    const token = /reset-password\/([^?\s]+)/.exec((await mailsTo(email)).at(-1)?.text ?? '')?.[1]
    expect((await victim.auth('POST', '/reset-password', { newPassword: PASSWORD, token })).status).toBe(200)
    expect((await victim.auth('POST', '/sign-in/email', { email, password: PASSWORD })).status).toBe(200)
    expect((await victim.api('POST', `/account/invitations/${invited.body.id}/accept`)).status).toBe(200)
    const { results } = await testEnv.DB.prepare(`SELECT provider_id AS provider ${waysIn}`).all()
    expect(results).toEqual([{ provider: 'credential' }])
    const again = await attacker.auth('POST', '/sign-in/email', { email, password: 'what the attacker knows' })
    expect(again.status).toBe(401)
  })

  it('is not taken by moving an account to it', async () => {
    const attacker = await newPerson('mover')
    const email = 'moved-to@example.net'
    expect((await attacker.auth('POST', '/change-email', { newEmail: email })).status).toBe(200)
    await confirmMailbox(attacker, attacker.email)
    const victim = openBrowser('203.0.113.141')
    await openMailedLink(victim, email)
    expect((await confirmMailbox(victim, email, 'a guess of the victim')).status).toBe(403)
    expect((await attacker.api('GET', '/whoami')).body.email).toBe(attacker.email)
  })

  it('is confirmed by nobody with a token of their own making', async () => {
    const sent = await openBrowser('203.0.113.142').auth('POST', '/verify-email', { token: 'a.b.c', password: 'x' })
    expect([sent.status, sent.body.error.code]).toEqual([403, 'forbidden'])
    const missing = await openBrowser('203.0.113.142').auth('POST', '/verify-email', { token: 1 })
    expect([missing.status, missing.body.error.code]).toEqual([400, 'request_invalid'])
  })

  it('is confirmed by the page’s own form, too', async () => {
    const browser = openBrowser('203.0.113.143')
    const email = 'with-a-form@example.net'
    await browser.auth('POST', '/sign-up/email', { email, name: 'F', password: PASSWORD })
    const page = await openMailedLink(browser, email)
    expect(page.headers.get('content-security-policy')).toContain("form-action 'self'")
    const token = /name="token" value="([^"]+)"/.exec(page.body)?.[1] ?? ''
    const form = (password: string) =>
      send('POST', '/api/auth/verify-email', {
        bytes: new TextEncoder().encode(new URLSearchParams({ token, password }).toString()),
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
      })
    const wrong = await form('not this one, no')
    expect([wrong.status, wrong.body]).toEqual([403, expect.stringContaining('role="alert"')])
    expect(await form(PASSWORD)).toMatchObject({ status: 200, body: expect.stringContaining('Confirmed') })
  })
})

describe('the last operator', () => {
  it('stays: nobody who signs up next becomes one', async () => {
    const last = await newPerson('last')
    await api('PATCH', `/operator/users/${last.id}`, { token: OPERATOR, json: { isOperator: true } })
    expect((await last.api('GET', '/operator/users')).status).toBe(200)
    const refused = await last.auth('POST', '/delete-user', { password: PASSWORD })
    expect([refused.status, refused.body.message]).toEqual([409, expect.stringContaining('only operator')])
    const later = await newPerson('later')
    expect((await later.api('GET', '/whoami')).body.isOperator).toBe(false)
  })
})

describe('signing up', () => {
  const refusal = async (mode: Env['SIGN_UP'], email: string, invitation?: string, isProven = false) =>
    refuseSignUp(openPlatform({ ...(env as unknown as Env), SIGN_UP: mode }), { email, isProven, invitation })
  const closed = { code: 'sign_up_closed' }

  it('is for anybody, for those who are invited, or for nobody, as the operator says', async () => {
    expect(await refusal('open', 'new@example.net')).toBeUndefined()
    expect(await refusal('invited', 'new@example.net')).toMatchObject(closed)
    expect(await refusal(undefined, 'new@example.net')).toMatchObject(closed)
    await api('POST', '/operator/invitations', { token: OPERATOR, json: { email: 'New@Example.net' } })
    const mail = (await mailsTo('new@example.net')).at(-1)
    expect(mail?.subject).toContain('invitation')
    const words = /\?invitation=(dpi_\w+)/.exec(mail?.text ?? '')?.[1] ?? ''
    expect(await refusal('invited', 'NEW@example.net', words)).toBeUndefined()
    expect(await refusal('closed', 'new@example.net', words)).toMatchObject(closed)
    // Who knows that somebody is invited has not read their mail.
    expect(await refusal('invited', 'new@example.net')).toMatchObject(closed)
    expect(await refusal('invited', 'new@example.net', 'dpi_guessed')).toMatchObject(closed)
    expect(await refusal('invited', 'other@example.net', words)).toMatchObject(closed)
    // GitHub has proven the mailbox.
    expect(await refusal('invited', 'new@example.net', undefined, true)).toBeUndefined()
    await testEnv.DB.prepare('UPDATE invitations SET expires_at_ms = 1').run()
    expect(await refusal('invited', 'new@example.net', words)).toMatchObject(closed)
    expect(await refusal('invited', 'new@example.net', undefined, true)).toMatchObject(closed)
  })

  it('is for the mailbox that the settings name, on an empty instance and ever after', async () => {
    expect(await refusal('closed', 'Operator@example.net')).toBeUndefined()
  })
})

describe('an operator', () => {
  it('makes an account that needs no mail, and names another operator, but the last one stays', async () => {
    const json = { email: 'made@example.net', name: 'Made', password: 'made by the operator' }
    const made = await api('POST', '/operator/users', { token: OPERATOR, json })
    expect(made.status).toBe(201)
    expect((await api('POST', '/operator/users', { token: OPERATOR, json })).status).toBe(409)
    const browser = openBrowser('203.0.113.30')
    const signIn = { email: json.email, password: json.password }
    expect((await browser.auth('POST', '/sign-in/email', signIn)).status).toBe(200)
    const users = (await api('GET', '/operator/users', { token: OPERATOR })).body.items
    const idOf = (wanted: string): string => users.find(({ email }: { email: string }) => email === wanted)?.id
    const last = idOf('last@example.net')
    const demote = (id: string) =>
      api('PATCH', `/operator/users/${id}`, { token: OPERATOR, json: { isOperator: false } })
    expect((await demote(last)).status).toBe(409)
    const named = await demote(idOf('ada@example.net'))
    expect([named.status, named.body.error.message]).toEqual([409, expect.stringContaining('OPERATOR_EMAIL')])
    await api('PATCH', `/operator/users/${made.body.id}`, { token: OPERATOR, json: { isOperator: true } })
    expect((await demote(last)).status).toBe(200)
    expect((await browser.api('GET', '/operator/users')).status).toBe(200)
  })
})
