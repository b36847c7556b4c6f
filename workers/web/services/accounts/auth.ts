// Accounts through better-auth: passwords, sessions, second factors, passkeys, sign-in with GitHub and OIDC. What is
// ours to decide stands here: who may sign up, what is mailed, whom one may not delete. The rest is the library's.
import { passkey } from '@better-auth/passkey'
import { type Fault, fault } from '@distropack/core/fault.ts'
import { err, ok, type Result } from '@distropack/core/result.ts'
import type { BetterAuthOptions } from 'better-auth'
import { drizzleAdapter } from 'better-auth/adapters/drizzle'
import { APIError } from 'better-auth/api'
import { betterAuth } from 'better-auth/minimal'
import { genericOAuth } from 'better-auth/plugins/generic-oauth'
import { twoFactor } from 'better-auth/plugins/two-factor'
import { eq } from 'drizzle-orm'
import { apiTokens } from '../../db/schema.ts'
import * as tables from '../../db/tables/accounts.ts'
import type { Env } from '../../env.ts'
import { sendMail } from '../../mail/mailer.ts'
import { type IdPrefix, newId } from '../platform/ids.ts'
import { logError, logEvent } from '../platform/log.ts'
import { notingGrants, type OutboxRow, settleOutbox } from '../platform/outbox.ts'
import type { Platform } from '../platform/platform.ts'
import { consumeRate } from '../platform/rate-limits.ts'
import { afterPasswordReset } from './confirmation.ts'
import { afterUserMade, refuseDeletion, refuseSignUp } from './rules.ts'

/** Prefixes of better-auth's models; others (codes, passkeys) are never shown. */
const PREFIXES: Readonly<Record<string, IdPrefix>> = { user: 'usr', session: 'ses' }
/** From whom a request comes, for better-auth's counts and its list of sessions. */
export const ADDRESS_HEADER = 'x-distropack-client-address'
const HOUR_SECONDS = 3600
const DAY_SECONDS = 24 * HOUR_SECONDS

const schema = {
  user: tables.users,
  session: tables.sessions,
  account: tables.signIns,
  verification: tables.verifications,
  twoFactor: tables.secondFactors,
  passkey: tables.passkeys,
}

/** Providers that are configured; none of them is needed. */
const providersOf = (env: Env) => ({
  social:
    env.GITHUB_CLIENT_ID && env.GITHUB_CLIENT_SECRET
      ? { github: { clientId: env.GITHUB_CLIENT_ID, clientSecret: env.GITHUB_CLIENT_SECRET } }
      : {},
  oidc:
    env.OIDC_ISSUER && env.OIDC_CLIENT_ID && env.OIDC_CLIENT_SECRET
      ? [
          genericOAuth({
            config: [
              {
                providerId: 'oidc',
                discoveryUrl: `${env.OIDC_ISSUER.replace(/\/+$/, '')}/.well-known/openid-configuration`,
                clientId: env.OIDC_CLIENT_ID,
                clientSecret: env.OIDC_CLIENT_SECRET,
                scopes: ['openid', 'email', 'profile'],
                pkce: true,
              },
            ],
          }),
        ]
      : [],
})

const mails = (platform: Platform) => {
  const send = (to: string, subject: string, lines: readonly string[]): Promise<void> =>
    // Whether a mail could be sent must not tell whether an account exists: trouble is logged, the answer is the same.
    sendMail(platform.env, { to, subject, text: lines.join('\n\n') }).catch((error: unknown) =>
      logError('mail.failed', error, { requestId: platform.requestId }),
    )
  return {
    verification: ({ user, url }: { user: { email: string }; url: string }) =>
      send(user.email, 'Confirm your e-mail address', [
        'Open this address and give your password to confirm that this mailbox is yours. It works for an hour.',
        url,
        'If you made no account, do nothing.',
      ]),
    reset: ({ user, url }: { user: { email: string }; url: string }) =>
      send(user.email, 'Choose a new password', [
        'Open this address to choose a new password. It works for an hour and ends every session.',
        url,
        'If you did not ask for it, do nothing.',
      ]),
    existing: ({ user }: { user: { email: string } }) =>
      send(user.email, 'You already have an account', [
        'Somebody, perhaps you, tried to make an account with this address. There is one: sign in, or ask for a new password.',
      ]),
    change: ({ user, newEmail, url }: { user: { email: string }; newEmail: string; url: string }) =>
      send(user.email, 'Confirm your new e-mail address', [
        `Your account is to move to ${newEmail}. Open this address to agree.`,
        url,
        'If you did not ask for it, change your password.',
      ]),
  }
}

/** Passwords and the mails about them. */
const passwordOptions = (platform: Platform, mail: ReturnType<typeof mails>) =>
  ({
    emailAndPassword: {
      enabled: true,
      requireEmailVerification: true,
      minPasswordLength: 10,
      maxPasswordLength: 200,
      revokeSessionsOnPasswordReset: true,
      resetPasswordTokenExpiresIn: HOUR_SECONDS,
      sendResetPassword: mail.reset,
      onExistingUserSignUp: mail.existing,
      onPasswordReset: ({ user }) => afterPasswordReset(platform, user.id),
    },
    emailVerification: {
      sendOnSignUp: true,
      sendOnSignIn: true,
      expiresIn: HOUR_SECONDS,
      sendVerificationEmail: mail.verification,
    },
  }) satisfies Partial<BetterAuthOptions>

/** What keeps guessers out, and what is written down. */
const guardOptions = (platform: Platform) =>
  ({
    rateLimit: {
      enabled: true,
      window: 60,
      max: 300,
      // Wrong passwords are counted by wrong-passwords.ts, which does not lock their owner out.
      customRules: { '/sign-in/email': false },
      customStorage: { consume: (key, rule) => consumeRate(platform, `auth:${key}`, rule) },
    },
    advanced: {
      cookiePrefix: 'distropack',
      useSecureCookies: platform.env.PUBLIC_URL.startsWith('https:'),
      database: { generateId: ({ model }) => newId(PREFIXES[model] ?? 'row', Date.now()) },
      // Set by us alone (api/auth.ts): what a client calls so is taken away.
      ipAddress: { ipAddressHeaders: [ADDRESS_HEADER] },
    },
    logger: {
      // Its messages may name addresses of people; the level and the words are enough to find the trouble.
      log: (level, message) => {
        if (level === 'error') logEvent('accounts.error', { message, requestId: platform.requestId })
      },
    },
  }) satisfies Partial<BetterAuthOptions>

const makeAuth = (platform: Platform, secret: string, invitation: string | undefined) => {
  const { env, db } = platform
  const providers = providersOf(env)
  const noted: OutboxRow[] = []
  const origins = [env.PUBLIC_URL, env.DASHBOARD_URL].flatMap((url) => (url ? [new URL(url).origin] : []))
  return betterAuth({
    appName: 'DistroPack',
    baseURL: env.PUBLIC_URL,
    basePath: '/api/auth',
    secret,
    database: drizzleAdapter(db, { provider: 'sqlite', schema }),
    trustedOrigins: origins,
    ...passwordOptions(platform, mails(platform)),
    ...guardOptions(platform),
    user: {
      additionalFields: { isOperator: { type: 'boolean', input: false, defaultValue: false } },
      changeEmail: { enabled: true, sendChangeEmailConfirmation: mails(platform).change },
      validateUserInfo: async ({ user, source }) => {
        if (source.action !== 'create-user') return
        const isProven = source.method === 'oauth' && user.emailVerified === true
        const refused = await refuseSignUp(platform, { email: user.email ?? '', isProven, invitation })
        if (refused) return { error: refused.code, errorDescription: refused.message }
      },
      deleteUser: {
        enabled: true,
        beforeDelete: async (user) => {
          const refused = await refuseDeletion(platform, user.id)
          if (refused) throw new APIError('CONFLICT', { code: refused.code, message: refused.message })
          // The library deletes by itself: noted before, compared after, and by the sweep when this request ends here.
          noted.push(...(await notingGrants(platform, eq(apiTokens.userId, user.id))))
        },
        afterDelete: async () => void (await settleOutbox(platform, noted)),
      },
    },
    session: { expiresIn: 30 * DAY_SECONDS, updateAge: DAY_SECONDS, freshAge: HOUR_SECONDS },
    account: { encryptOAuthTokens: true, accountLinking: { enabled: true } },
    verification: { storeIdentifier: 'hashed' },
    socialProviders: providers.social,
    plugins: [
      twoFactor({ issuer: 'DistroPack' }),
      passkey({ rpID: new URL(env.DASHBOARD_URL || env.PUBLIC_URL).hostname, rpName: 'DistroPack', origin: origins }),
      ...providers.oidc,
    ],
    databaseHooks: { user: { create: { after: async (user) => afterUserMade(platform, user.id) } } },
  })
}

export type Auth = ReturnType<typeof makeAuth>

/** `invitation`: what the request brought of an invitation's mail. */
export const openAuth = (platform: Platform, invitation?: string): Result<Auth, Fault> => {
  const { AUTH_SECRET } = platform.env
  if (!AUTH_SECRET || AUTH_SECRET.length < 32) {
    return err(
      fault('accounts_unconfigured', 'Accounts are off: the secret AUTH_SECRET (32 characters or more) is not set.'),
    )
  }
  return ok(makeAuth(platform, AUTH_SECRET, invitation))
}
