// People of the tests: accounts made as a stranger makes one, with the mail read and its link opened, and a browser
// that keeps cookies.
import { API_PREFIX } from '@distropack/core/contract/api.ts'
import { type Answer, send } from './web-fixture.ts'

const ORIGIN = 'http://platform.test'
const PASSWORD = 'correct horse battery'

/** Cookies as a browser keeps them: by name, forgotten when they are set empty. */
const keepCookies = (jar: Map<string, string>, headers: Headers): void => {
  for (const line of headers.getSetCookie()) {
    const [pair = ''] = line.split(';')
    const at = pair.indexOf('=')
    const [name, value] = [pair.slice(0, at), pair.slice(at + 1)]
    if (value && !/max-age=0/i.test(line)) jar.set(name, value)
    else jar.delete(name)
  }
}

export interface Browser {
  readonly cookies: Map<string, string>
  auth(method: string, path: string, json?: unknown, headers?: Record<string, string>): Promise<Answer>
  api(method: string, path: string, json?: unknown, headers?: Record<string, string>): Promise<Answer>
}

export const openBrowser = (address = '203.0.113.1'): Browser => {
  const cookies = new Map<string, string>()
  const ask = async (method: string, path: string, json?: unknown, headers: Record<string, string> = {}) => {
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    const answer = await send(method, path, {
      ...(json === undefined ? {} : { json }),
      headers: { origin: ORIGIN, 'cf-connecting-ip': address, ...(cookie ? { cookie } : {}), ...headers },
    })
    keepCookies(cookies, answer.headers)
    return answer
  }
  return {
    cookies,
    auth: (method, path, json, headers) => ask(method, `/api/auth${path}`, json, headers),
    api: (method, path, json, headers) => ask(method, `${API_PREFIX}${path}`, json, headers),
  }
}

export const mailsTo = async (address: string): Promise<{ subject: string; text: string }[]> =>
  (await fetch(`http://mail.test/emails?to=${encodeURIComponent(address)}`)).json()

const mailedLink = async (address: string): Promise<URL> => {
  const link = /http:\/\/platform\.test\/api\/auth\S+/.exec((await mailsTo(address)).at(-1)?.text ?? '')?.[0]
  if (!link) throw new Error(`no link was mailed to ${address}`)
  return new URL(link)
}

/** Opens the address in the last mail, as the person who got it does, or a program that looks for harm. */
export const openMailedLink = async (browser: Browser, address: string): Promise<Answer> => {
  const { pathname, search } = await mailedLink(address)
  return browser.auth('GET', `${pathname.replace('/api/auth', '')}${search}`)
}

/** Opens it and gives the password. */
export const confirmMailbox = async (browser: Browser, address: string, password = PASSWORD): Promise<Answer> => {
  const { pathname, searchParams } = await mailedLink(address)
  return browser.auth('POST', pathname.replace('/api/auth', ''), { token: searchParams.get('token'), password })
}

let people = 0

/** Someone with a verified account, signed in. */
export const newPerson = async (name: string): Promise<Browser & { readonly email: string; readonly id: string }> => {
  const email = `${name}@example.net`
  const browser = openBrowser(`198.51.100.${(people++ % 200) + 1}`)
  const made = await browser.auth('POST', '/sign-up/email', { email, name, password: PASSWORD })
  if (made.status !== 200) throw new Error(`sign-up answered ${made.status}: ${JSON.stringify(made.body)}`)
  const confirmed = await confirmMailbox(browser, email)
  if (confirmed.status !== 200)
    throw new Error(`confirming answered ${confirmed.status}: ${JSON.stringify(confirmed.body)}`)
  const signedIn = await browser.auth('POST', '/sign-in/email', { email, password: PASSWORD })
  if (signedIn.status !== 200) throw new Error(`sign-in answered ${signedIn.status}: ${JSON.stringify(signedIn.body)}`)
  return { ...browser, email, id: signedIn.body.user.id }
}

export { PASSWORD }
