// Packages that live on the server, and every upload to their slots.
import { index, integer, primaryKey, sqliteTable, text, uniqueIndex } from 'drizzle-orm/sqlite-core'
import { projects } from '../schema.ts'

export const packages = sqliteTable(
  'packages',
  {
    id: text().primaryKey(),
    projectId: text()
      .notNull()
      .references(() => projects.id),
    slug: text().notNull(),
    /** The manifest is a blob of the store: it may outgrow a row. */
    manifestSha256: text().notNull(),
    manifestSizeBytes: integer().notNull(),
    /** Names of the slots its manifest has. */
    slots: text({ mode: 'json' }).$type<readonly string[]>().notNull(),
    targets: text({ mode: 'json' }).$type<readonly string[]>(),
    channel: text().notNull(),
    revision: integer().notNull(),
    archivedAtMs: integer(),
    createdAtMs: integer().notNull(),
    changedAtMs: integer().notNull(),
  },
  (table) => [
    uniqueIndex('packages_by_name').on(table.projectId, table.slug),
    index('packages_by_project').on(table.projectId, table.id),
  ],
)

export const packageFiles = sqliteTable(
  'package_files',
  {
    id: text().primaryKey(),
    packageId: text()
      .notNull()
      .references(() => packages.id),
    slot: text().notNull(),
    fileName: text().notNull(),
    sha256: text().notNull(),
    sizeBytes: integer().notNull(),
    mode: integer().notNull(),
    uploadedBy: text().notNull(),
    createdAtMs: integer().notNull(),
  },
  (table) => [index('package_files_by_slot').on(table.packageId, table.slot, table.id)],
)

/** Which upload of each slot a build used. */
export const buildFiles = sqliteTable(
  'build_files',
  {
    buildId: text().notNull(),
    packageId: text()
      .notNull()
      .references(() => packages.id),
    slot: text().notNull(),
    fileId: text()
      .notNull()
      .references(() => packageFiles.id),
  },
  (table) => [primaryKey({ columns: [table.buildId, table.slot] })],
)
