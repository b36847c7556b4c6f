// GitHub's OAuth web flow and the two calls a sign-in makes
// (https://docs.github.com/en/apps/oauth-apps/building-oauth-apps/authorizing-oauth-apps). The code is the login.

const userOf = (login: string) => ({
  id: [...login].reduce((sum, letter) => sum * 31 + letter.charCodeAt(0), 7) % 1_000_000,
  login,
  name: login,
  email: null,
  avatar_url: `https://avatars.githubusercontent.com/${login}`,
})

export const github = async (request: Request): Promise<Response> => {
  const { pathname } = new URL(request.url)
  if (pathname === '/login/oauth/access_token') {
    const form = new URLSearchParams(await request.text())
    const code = form.get('code') ?? ''
    if (code === 'bad') return Response.json({ error: 'bad_verification_code' })
    return Response.json({ access_token: `gho_${code}`, token_type: 'bearer', scope: 'read:user,user:email' })
  }
  const login = /^(?:Bearer|token) gho_(.+)$/.exec(request.headers.get('authorization') ?? '')?.[1]
  if (!login) return new Response('{"message":"Bad credentials"}', { status: 401 })
  if (pathname === '/user') return Response.json(userOf(login))
  if (pathname === '/user/emails') {
    return Response.json([{ email: `${login}@example.org`, primary: true, verified: true, visibility: 'private' }])
  }
  return new Response('{"message":"Not Found"}', { status: 404 })
}
