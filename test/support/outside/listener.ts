// Somebody who listens to webhooks: keeps what came, and answers as a test told it to.

export interface Heard {
  readonly path: string
  readonly headers: Record<string, string>
  readonly body: string
}

const heard: Heard[] = []
let answers: number[] = []

/** GET /heard; POST /answer [500, 200]; anything else is heard. */
export const listener = async (request: Request): Promise<Response> => {
  const { pathname } = new URL(request.url)
  if (pathname === '/heard') return Response.json(heard)
  if (pathname === '/answer') {
    answers = (await request.json()) as number[]
    return new Response()
  }
  heard.push({ path: pathname, headers: Object.fromEntries(request.headers), body: await request.text() })
  const status = answers.shift() ?? 200
  if (status === 302) return new Response(null, { status, headers: { location: 'https://inside.internal/' } })
  return new Response(status === 200 ? 'thanks' : 'out of order', { status })
}
