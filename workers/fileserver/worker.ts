// The entry point of readers: apt, dnf, zypper, pacman, apk, brew, curl and browsers. Objects in, bytes out: no database,
// no Durable Object, no signing, no secret, and nothing of the web Worker.
import { mayRead } from './access.ts'
import { parseAddress } from './address.ts'
import { resolve } from './resolve.ts'
import { plain, serve } from './serve.ts'
import { readHead } from './store.ts'

export interface FileServerEnv {
  readonly BUCKET: R2Bucket
  /** "off": there is no edge here, and nothing is asked of its cache. */
  readonly EDGE_CACHE?: string
}

/** Past this a URL is an attack or a mistake; the longest key is far shorter. */
const MAX_URL_CHARACTERS = 8192

const answer = async (
  request: Request,
  { BUCKET: bucket, EDGE_CACHE }: FileServerEnv,
  waitUntil: (work: Promise<unknown>) => void,
): Promise<Response> => {
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    return plain(405, 'Repositories are read with GET and HEAD.', { allow: 'GET, HEAD' })
  }
  if (request.url.length > MAX_URL_CHARACTERS) return plain(414, 'This address is too long.')
  const address = parseAddress(new URL(request.url).pathname)
  if (!address) return plain(404, 'There is nothing at this address.')

  const head = await readHead(bucket, address.organization, address.project)
  if (!(await mayRead(bucket, request, address, head))) {
    // 401 and not 404: git and zypper send credentials only after they were asked.
    return plain(401, 'This repository is private or does not exist: send a token that may read it.', {
      'www-authenticate': `Basic realm="distropack", charset="UTF-8"`,
    })
  }
  if (!head) return plain(404, 'This organization has no such project.')
  const resolution = await resolve(bucket, head, address, request.headers.get('accept') ?? '')
  if (!resolution) return plain(404, 'There is no such file in this repository.')
  if ('redirectTo' in resolution) {
    return plain(302, 'This file is served from its generation.', { location: resolution.redirectTo })
  }
  return serve({ bucket, request, head, found: resolution, waitUntil, hasEdge: EDGE_CACHE !== 'off' })
}

export default {
  async fetch(request, env, context): Promise<Response> {
    const response = await answer(request, env, (work) => context.waitUntil(work)).catch((error: unknown) => {
      const { pathname } = new URL(request.url)
      const requestId = crypto.randomUUID()
      console.error(JSON.stringify({ event: 'files.failed', requestId, pathname, error: String(error) }))
      return plain(500, `Something went wrong here. Quote ${requestId} when you ask for help.`)
    })
    return request.method === 'HEAD' ? new Response(null, response) : response
  },
} satisfies ExportedHandler<FileServerEnv>
