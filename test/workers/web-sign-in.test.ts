// Other ways in than a password, and second factors, each against a counterpart nobody of better-auth wrote.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { newSecurityKey, totpOf } from './authenticators.ts'
import { type Browser, newPerson, openBrowser, PASSWORD } from './people.ts'
import { freshPlatform, settle } from './web-fixture.ts'

afterAll(settle)
beforeAll(freshPlatform)

/** From the provider's page back to us: its address names our callback and a state only we can have made. */
const signInThrough = async (browser: Browser, provider: string, code: string) => {
  const begun = await browser.auth('POST', '/sign-in/social', { provider, callbackURL: '/' })
  const url = new URL(begun.body.url)
  const callback = new URL(url.searchParams.get('redirect_uri') ?? '')
  const path = callback.pathname.replace('/api/auth', '')
  const nonce = url.searchParams.get('nonce')
  const given = encodeURIComponent(nonce ? `${code} ${nonce}` : code)
  const state = encodeURIComponent(url.searchParams.get('state') ?? '')
  return { url, answer: await browser.auth('GET', `${path}?code=${given}&state=${state}`) }
}

describe('GitHub', () => {
  it('signs in whom it knows, with the address it verified', async () => {
    const browser = openBrowser('192.0.2.1')
    const { url } = await signInThrough(browser, 'github', 'octocat')
    expect(url.origin + url.pathname).toBe('https://github.com/login/oauth/authorize')
    expect((await browser.api('GET', '/whoami')).body).toMatchObject({ kind: 'user', email: 'octocat@example.org' })
  })

  it('opens nothing with a code that is not its own, nor with a state that is not ours', async () => {
    const browser = openBrowser('192.0.2.2')
    await signInThrough(browser, 'github', 'bad')
    expect((await browser.api('GET', '/whoami')).status).toBe(401)
    await browser.auth('GET', '/callback/github?code=octocat&state=made-up')
    expect((await browser.api('GET', '/whoami')).status).toBe(401)
    // A state begun in another browser: the page that would sign a victim in to the attacker's account.
    const attacker = openBrowser('192.0.2.3')
    const begun = await attacker.auth('POST', '/sign-in/social', { provider: 'github', callbackURL: '/' })
    const state = new URL(begun.body.url).searchParams.get('state') ?? ''
    await browser.auth('GET', `/callback/github?code=mallory&state=${encodeURIComponent(state)}`)
    expect((await browser.api('GET', '/whoami')).status).toBe(401)
  })
})

describe('an OpenID provider', () => {
  it('signs in whom it vouches for', async () => {
    const browser = openBrowser('192.0.2.4')
    const { url } = await signInThrough(browser, 'oidc', 'hedy@example.org')
    expect(url.origin).toBe('https://idp.test')
    expect(url.searchParams.get('code_challenge_method')).toBe('S256')
    expect((await browser.api('GET', '/whoami')).body).toMatchObject({ kind: 'user', email: 'hedy@example.org' })
  })
})

describe('a second factor', () => {
  it('is asked for after the password, and a backup code takes its place once', async () => {
    const ida = await newPerson('ida')
    const enabled = (await ida.auth('POST', '/two-factor/enable', { password: PASSWORD })).body
    const confirmed = await ida.auth('POST', '/two-factor/verify-totp', { code: await totpOf(enabled.totpURI) })
    expect(confirmed.status).toBe(200)

    const password = { email: ida.email, password: PASSWORD }
    const phone = openBrowser('192.0.2.5')
    expect((await phone.auth('POST', '/sign-in/email', password)).body.twoFactorRedirect).toBe(true)
    expect((await phone.api('GET', '/whoami')).status).toBe(401)
    expect((await phone.auth('POST', '/two-factor/verify-totp', { code: '000000' })).status).toBe(401)
    const code = await totpOf(enabled.totpURI)
    expect((await phone.auth('POST', '/two-factor/verify-totp', { code })).status).toBe(200)
    expect((await phone.api('GET', '/whoami')).body.email).toBe(ida.email)

    const [backup] = enabled.backupCodes
    const lost = openBrowser('192.0.2.6')
    await lost.auth('POST', '/sign-in/email', password)
    expect((await lost.auth('POST', '/two-factor/verify-backup-code', { code: backup })).status).toBe(200)
    expect((await lost.api('GET', '/whoami')).status).toBe(200)
    const again = openBrowser('192.0.2.7')
    await again.auth('POST', '/sign-in/email', password)
    expect((await again.auth('POST', '/two-factor/verify-backup-code', { code: backup })).status).toBe(401)
    expect((await again.api('GET', '/whoami')).status).toBe(401)
  })
})

describe('a passkey', () => {
  it('is registered by who is signed in, and signs in without a password', async () => {
    const joan = await newPerson('joan')
    const key = await newSecurityKey('http://platform.test')
    const options = (await joan.auth('GET', '/passkey/generate-register-options?name=key')).body
    const registered = await joan.auth('POST', '/passkey/verify-registration', {
      response: await key.register(options),
      name: 'key',
    })
    expect(registered.status).toBe(200)
    expect((await joan.auth('GET', '/passkey/list-user-passkeys')).body).toHaveLength(1)

    const browser = openBrowser('192.0.2.8')
    const asked = (await browser.auth('GET', '/passkey/generate-authenticate-options')).body
    const signed = await key.sign(asked)
    expect((await browser.auth('POST', '/passkey/verify-authentication', { response: signed })).status).toBe(200)
    expect((await browser.api('GET', '/whoami')).body.email).toBe(joan.email)
    // The same answer again, and that of another site's page, open nothing.
    const replayer = openBrowser('192.0.2.9')
    expect(
      (await replayer.auth('POST', '/passkey/verify-authentication', { response: signed })).status,
    ).toBeGreaterThanOrEqual(400)
    expect((await replayer.api('GET', '/whoami')).status).toBe(401)
  })

  it('made for a page of another site is refused', async () => {
    const kay = await newPerson('kay')
    const key = await newSecurityKey('https://evil.test')
    const options = (await kay.auth('GET', '/passkey/generate-register-options')).body
    const registered = await kay.auth('POST', '/passkey/verify-registration', { response: await key.register(options) })
    expect(registered.status).toBeGreaterThanOrEqual(400)
    expect((await kay.auth('GET', '/passkey/list-user-passkeys')).body).toEqual([])
  })
})
