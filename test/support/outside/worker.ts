// The world outside the platform, for tests in workerd: every request the Worker sends to the internet arrives here.
// Each host is a small stateful fake, typed by what the real one documents. What is not listed does not exist.
import { ciIssuer } from './ci-issuer.ts'
import { github } from './github.ts'
import { listener } from './listener.ts'
import { mailProvider } from './mail-provider.ts'
import { openidProvider } from './openid-provider.ts'
import { packager } from './packager.ts'
import { stripe } from './stripe.ts'

type Host = (request: Request) => Promise<Response>

const HOSTS: Readonly<Record<string, Host>> = {
  'packager.test': packager,
  'mail.test': mailProvider,
  'github.com': github,
  'api.github.com': github,
  'idp.test': openidProvider,
  'stripe.test': stripe,
  'ci.example.net': ciIssuer,
  'hooks.example.net': listener,
  'token.actions.githubusercontent.com': ciIssuer,
}

export default {
  async fetch(request: Request): Promise<Response> {
    const { hostname } = new URL(request.url)
    return HOSTS[hostname]?.(request) ?? new Response(`no such host: ${hostname}`, { status: 530 })
  },
}
