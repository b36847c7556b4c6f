// What the API answers instead of an object.

export class Refusal extends Error {
  readonly status: number
  readonly type: string
  readonly code: string | undefined
  readonly param: string | undefined

  constructor(status: number, type: string, message: string, more: { code?: string; param?: string } = {}) {
    super(message)
    this.status = status
    this.type = type
    this.code = more.code
    this.param = more.param
  }
}

export const missing = (kind: string, id: string, param = 'id'): Refusal =>
  new Refusal(404, 'invalid_request_error', `No such ${kind}: '${id}'`, { code: 'resource_missing', param })

export const invalid = (message: string): Refusal => new Refusal(400, 'invalid_request_error', message)

export const cardDeclined = (): Refusal =>
  new Refusal(402, 'card_error', 'Your card was declined.', { code: 'card_declined' })
