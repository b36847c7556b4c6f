import { defineConfig } from 'drizzle-kit'

export default defineConfig({
  dialect: 'sqlite',
  schema: ['./workers/web/db/schema.ts', './workers/web/db/tables/*.ts'],
  out: './migrations',
  casing: 'snake_case',
})
