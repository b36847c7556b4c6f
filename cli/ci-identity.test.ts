import { describe, expect, it } from 'vitest'
import { answer, platform, refuse, run, serve, TOKEN, useRoom, writeProject } from '../test/support/cli-room.ts'

useRoom()

describe('a CI run without a token', () => {
  const runEnv = (url: string) => ({
    DISTROPACK_API_URL: url,
    ACTIONS_ID_TOKEN_REQUEST_URL: `${url}/idtoken?api-version=2`,
    ACTIONS_ID_TOKEN_REQUEST_TOKEN: 'of-the-runner',
  })

  it('publishes with its own identity, asked for this server alone', async () => {
    writeProject()
    const ready = platform('published')
    const asked: string[] = []
    const url = await serve((request, response, body) => {
      if (request.url?.startsWith('/idtoken')) {
        asked.push(`${request.headers.authorization} ${new URL(request.url, 'http://x').searchParams.get('audience')}`)
        return answer(response, 200, { value: 'the.identity.token-of-the-run' })
      }
      if (request.url === '/api/v1/ci/exchange') {
        asked.push(body)
        const exchanged = {
          secret: TOKEN,
          expiresAtMs: 1,
          organization: 'acme',
          project: 'tool',
          publisher: 'release',
        }
        return answer(response, 201, exchanged)
      }
      return ready(request, response, body)
    })
    const done = await run(['publish', '--project', 'acme/tool'], runEnv(url))
    expect(done).toMatchObject({ status: 0 })
    expect(asked).toEqual([
      `Bearer of-the-runner ${url}`,
      JSON.stringify({ organization: 'acme', project: 'tool', token: 'the.identity.token-of-the-run' }),
    ])
  })

  it('that nobody trusts hears why', async () => {
    writeProject()
    const url = await serve((request, response) =>
      request.url?.startsWith('/idtoken')
        ? answer(response, 200, { value: 'the.identity.token-of-the-run' })
        : refuse(response, 403, 'identity_refused', 'acme/tool trusts no publisher that admits this run.'),
    )
    const done = await run(['publish', '--project', 'acme/tool'], runEnv(url))
    expect(done.status).toBe(3)
    expect(done.stderr).toContain('trusts no publisher')
    expect(done.stderr).not.toContain('token-of-the-run')
  })
})
