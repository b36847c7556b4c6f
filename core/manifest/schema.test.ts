import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { manifestJsonSchema } from './schema.ts'

it('docs/manifest.schema.json is the schema; `distropack jsonschema > docs/manifest.schema.json` writes it', () => {
  const written = readFileSync(join(import.meta.dirname, '../../docs/manifest.schema.json'), 'utf8')
  expect(JSON.parse(written)).toEqual(JSON.parse(JSON.stringify(manifestJsonSchema())))
})
