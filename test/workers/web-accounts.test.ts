// Accounts as people use them: made, confirmed by mail, signed in to, recovered, protected, left.
import { env } from 'cloudflare:workers'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Env } from '../../workers/web/env.ts'
import { refuseSignUp } from '../../workers/web/services/accounts/rules.ts'
import { openPlatform } from '../../workers/web/services/platform.ts'
import { mailsTo, newPerson, openBrowser, openMailedLink, PASSWORD } from './people.ts'
import { api, freshPlatform, OPERATOR, settle, testEnv } from './web-fixture.ts'

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
    await openMailedLink(browser, email)
    expect((await browser.auth('POST', '/sign-in/email', { email, password: PASSWORD })).status).toBe(200)
    const me = (await browser.api('GET', '/whoami')).body
    expect(me).toMatchObject({ kind: 'user', email })
  })

  it('of a new instance is its operator, the next one is not', async () => {
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
    expect(all.deeds).toMatchObject([{ action: 'organization.created', subject: 'erins' }])
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
})

describe('the last operator', () => {
  it('stays: nobody who signs up next becomes one', async () => {
    const ada = openBrowser('203.0.113.40')
    await ada.auth('POST', '/sign-in/email', { email: 'ada@example.net', password: PASSWORD })
    const refused = await ada.auth('POST', '/delete-user', { password: PASSWORD })
    expect([refused.status, refused.body.message]).toEqual([409, expect.stringContaining('only operator')])
    await testEnv.DB.prepare('UPDATE users SET is_operator = 0').run()
    const later = await newPerson('later')
    expect((await later.api('GET', '/whoami')).body.isOperator).toBe(false)
    await testEnv.DB.prepare("UPDATE users SET is_operator = 1 WHERE email = 'ada@example.net'").run()
  })
})

describe('signing up', () => {
  const refusal = async (mode: Env['SIGN_UP'], email: string) =>
    refuseSignUp(openPlatform({ ...(env as unknown as Env), SIGN_UP: mode }), email)

  it('is for anybody, for those who are invited, or for nobody, as the operator says', async () => {
    expect(await refusal('open', 'new@example.net')).toBeUndefined()
    expect(await refusal('invited', 'new@example.net')).toMatchObject({ code: 'sign_up_closed' })
    expect(await refusal(undefined, 'new@example.net')).toMatchObject({ code: 'sign_up_closed' })
    await api('POST', '/operator/invitations', { token: OPERATOR, json: { email: 'New@Example.net' } })
    expect((await mailsTo('new@example.net')).at(-1)?.subject).toContain('invitation')
    expect(await refusal('invited', 'NEW@example.net')).toBeUndefined()
    expect(await refusal('closed', 'new@example.net')).toMatchObject({ code: 'sign_up_closed' })
    await testEnv.DB.prepare('UPDATE invitations SET expires_at_ms = 1').run()
    expect(await refusal('invited', 'new@example.net')).toMatchObject({ code: 'sign_up_closed' })
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
    const ada = users.find(({ email }: { email: string }) => email === 'ada@example.net')
    const demote = (id: string) =>
      api('PATCH', `/operator/users/${id}`, { token: OPERATOR, json: { isOperator: false } })
    expect((await demote(ada.id)).status).toBe(409)
    await api('PATCH', `/operator/users/${made.body.id}`, { token: OPERATOR, json: { isOperator: true } })
    expect((await demote(ada.id)).status).toBe(200)
    expect((await browser.api('GET', '/operator/users')).status).toBe(200)
  })
})
