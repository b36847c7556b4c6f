import { describe, expect, it } from 'vitest'
import * as z from 'zod'
import './api.ts'
import './billing.ts'
import './ci.ts'
import { EXAMPLES } from './examples.ts'
import './keys.ts'
import './members.ts'
import './operator.ts'
import './packages.ts'
import './webhooks.ts'

/** Every schema with an id registers itself under it (zod 4, "Metadata and registries"). */
const schemaOf = (id: string): z.ZodType | undefined =>
  (z.globalRegistry as unknown as { _idmap: Map<string, z.ZodType> })._idmap.get(id)

describe('every example', () => {
  it.each(Object.entries(EXAMPLES))('of %s is one', (id, example) => {
    const parsed = schemaOf(id)?.safeParse(example)
    expect(parsed?.error?.issues ?? []).toEqual([])
    expect(parsed?.success).toBe(true)
  })
})
