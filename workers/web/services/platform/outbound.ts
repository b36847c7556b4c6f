// Addresses that a user names and the platform calls: webhooks, issuers. Nothing inside a network may be reached by
// them (server-side request forgery).
import { type Fault, fault } from '@distropack/core/fault.ts'
import { err, ok, type Result } from '@distropack/core/result.ts'

/** Names that never are on the internet (RFC 6761, RFC 6762, RFC 8375, RFC 9476), and clouds' metadata hosts. */
const INSIDE = /(^|\.)(localhost|local|internal|intranet|lan|home|corp|home\.arpa|alt|onion|invalid|test|example)\.?$/i
/** The URL parser has already turned 0x7f.1, 2130706433 and the like into dotted form. */
const IS_ADDRESS = /^\d{1,3}(\.\d{1,3}){3}$|^\[/

const refuse = (url: string, why: string): Result<never, Fault> =>
  err(
    fault('address_refused', `${url} cannot be called from here: ${why}. Give an https:// address with a public name.`),
  )

/**
 * The address, when it may be called: https, a public name, its usual port, no credentials in it. A name that
 * resolves to an inside address is stopped by Cloudflare's network, which routes no such address from a Worker, and by
 * nothing on a laptop, whose own resolver is asked (SECURITY.md).
 */
export const checkOutboundUrl = (text: string): Result<URL, Fault> => {
  const url = URL.parse(text)
  if (!url) return refuse(text.slice(0, 200), 'it is not an address')
  if (url.protocol !== 'https:') return refuse(url.origin, 'it is not https')
  if (url.username || url.password) return refuse(url.origin, 'it has credentials in it')
  if (url.port !== '') return refuse(url.origin, 'it names a port')
  if (IS_ADDRESS.test(url.hostname)) return refuse(url.origin, 'it is a number and not a name')
  if (!url.hostname.includes('.') || INSIDE.test(url.hostname)) return refuse(url.origin, 'its name is not public')
  return ok(url)
}
