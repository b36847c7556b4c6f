// Stripe, as far as it can be had without one: its account lives in ../fake-stripe/. Tests command it at /__fake; the
// Worker knows the API alone. `reset` begins another account; `keep` keeps the one there is, and `again` goes back to it.
import { type Command, createFakeStripe, type FakeOptions, type FakeStripe } from '../fake-stripe/fake.ts'
import { Refusal } from '../fake-stripe/refusal.ts'

let fake: FakeStripe | undefined
let kept: FakeStripe | undefined

export const stripe = async (request: Request): Promise<Response> => {
  const { pathname } = new URL(request.url)
  if (pathname === '/__fake/reset') {
    fake = createFakeStripe((await request.json()) as FakeOptions)
    return Response.json({})
  }
  if (pathname === '/__fake/again') {
    fake = kept?.copy()
    return Response.json({ isThere: fake !== undefined })
  }
  if (!fake) return new Response('the fake was not reset yet', { status: 500 })
  if (pathname === '/__fake/keep') {
    kept = fake.copy()
    return Response.json({})
  }
  if (pathname !== '/__fake') return fake.fetch(request)
  try {
    return Response.json((await fake.command((await request.json()) as Command)) ?? {})
  } catch (error) {
    if (error instanceof Refusal) return new Response(error.message, { status: 400 })
    throw error
  }
}
