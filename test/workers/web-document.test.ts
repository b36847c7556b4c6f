// The API's document as a tool reads it: every body has an example, and every example is one.
import { describe, expect, it } from 'vitest'
import { send } from './web-fixture.ts'

interface Body {
  readonly content: Readonly<
    Record<string, { readonly schema: { readonly $ref?: string }; readonly example?: unknown }>
  >
}

describe('every body of the API', () => {
  it('has an example that the API itself would take', async () => {
    const { paths, components } = (await send('GET', '/api/openapi.json')).body
    const bodies = Object.entries<Record<string, { requestBody?: Body }>>(paths).flatMap(([path, methods]) =>
      Object.entries(methods).flatMap(([method, { requestBody }]) => {
        const json = requestBody?.content['application/json']
        return json ? [{ at: `${method} ${path}`, json }] : []
      }),
    )
    expect(bodies.length).toBeGreaterThan(25)
    const nameOf = (ref = ''): string => ref.split('/').at(-1) ?? ''
    const without = bodies.filter(({ json }) => components.schemas[nameOf(json.schema.$ref)]?.example === undefined)
    expect(without.map(({ at }) => at)).toEqual([])
  })
})
