// Accounts, as better-auth keeps them (its getAuthTables with the two-factor and passkey plugins). Names of tables
// and columns are ours, names of properties are its; it writes these rows, but for what an operator does.
import { index, integer, sqliteTable, text } from 'drizzle-orm/sqlite-core'

const date = () => integer({ mode: 'timestamp_ms' })
const flag = () => integer({ mode: 'boolean' })

export const users = sqliteTable('users', {
  id: text().primaryKey(),
  name: text().notNull(),
  email: text().notNull().unique(),
  emailVerified: flag().notNull(),
  image: text(),
  twoFactorEnabled: flag().default(false),
  /** Runs this instance, named by an operator. Others are named by OPERATOR_EMAIL. */
  isOperator: flag().notNull().default(false),
  createdAt: date().notNull(),
  updatedAt: date().notNull(),
})

const userId = () =>
  text()
    .notNull()
    .references(() => users.id, { onDelete: 'cascade' })

export const sessions = sqliteTable(
  'sessions',
  {
    id: text().primaryKey(),
    userId: userId(),
    token: text().notNull().unique(),
    expiresAt: date().notNull(),
    ipAddress: text(),
    userAgent: text(),
    createdAt: date().notNull(),
    updatedAt: date().notNull(),
  },
  (table) => [index('sessions_by_user').on(table.userId)],
)

/** Ways to sign in: one row for the password, one for each provider. */
export const signIns = sqliteTable(
  'sign_ins',
  {
    id: text().primaryKey(),
    userId: userId(),
    accountId: text().notNull(),
    providerId: text().notNull(),
    accessToken: text(),
    refreshToken: text(),
    idToken: text(),
    accessTokenExpiresAt: date(),
    refreshTokenExpiresAt: date(),
    scope: text(),
    password: text(),
    createdAt: date().notNull(),
    updatedAt: date().notNull(),
  },
  (table) => [
    index('sign_ins_by_user').on(table.userId),
    index('sign_ins_by_provider').on(table.providerId, table.accountId),
  ],
)

/** Codes under way: e-mail verification, password reset, states of OAuth, challenges of passkeys. */
export const verifications = sqliteTable(
  'verifications',
  {
    id: text().primaryKey(),
    identifier: text().notNull(),
    value: text().notNull(),
    expiresAt: date().notNull(),
    createdAt: date().notNull(),
    updatedAt: date().notNull(),
  },
  (table) => [index('verifications_by_identifier').on(table.identifier)],
)

export const secondFactors = sqliteTable(
  'second_factors',
  {
    id: text().primaryKey(),
    userId: userId(),
    /** Sealed by better-auth under its secret. */
    secret: text().notNull(),
    backupCodes: text().notNull(),
    verified: flag().default(true),
    failedVerificationCount: integer().default(0),
    lockedUntil: date(),
  },
  (table) => [index('second_factors_by_user').on(table.userId)],
)

export const passkeys = sqliteTable(
  'passkeys',
  {
    id: text().primaryKey(),
    userId: userId(),
    name: text(),
    publicKey: text().notNull(),
    credentialID: text().notNull(),
    counter: integer().notNull(),
    deviceType: text().notNull(),
    backedUp: flag().notNull(),
    transports: text(),
    aaguid: text(),
    createdAt: date(),
  },
  (table) => [index('passkeys_by_user').on(table.userId), index('passkeys_by_credential').on(table.credentialID)],
)
