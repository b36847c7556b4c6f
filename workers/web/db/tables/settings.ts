// What an operator sets while the platform runs.
import { sqliteTable, text } from 'drizzle-orm/sqlite-core'

export const settings = sqliteTable('settings', {
  name: text({ enum: ['read_only'] }).primaryKey(),
  value: text().notNull(),
})
