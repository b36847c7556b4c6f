// A mail provider of the form of https://resend.com/docs/api-reference/emails/send-email. GET shows what was sent.

export interface SentMail {
  readonly from: string
  readonly to: readonly string[]
  readonly subject: string
  readonly text: string
}

const sent: SentMail[] = []

export const mailProvider = async (request: Request): Promise<Response> => {
  if (request.method === 'GET') {
    const to = new URL(request.url).searchParams.get('to') ?? ''
    return Response.json(sent.filter((mail) => mail.to.includes(to)))
  }
  const mail = (await request.json()) as SentMail
  if (mail.to.some((address) => address.startsWith('bounce'))) return new Response('no', { status: 500 })
  sent.push(mail)
  return Response.json({ id: crypto.randomUUID() })
}
