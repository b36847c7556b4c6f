// Who runs the instance: whoever holds OPERATOR_TOKEN, the mailboxes that OPERATOR_EMAIL names, and the accounts that one
// of them made operators. Never whoever came first: on an empty instance that may be anybody.
import type { Env } from '../../env.ts'

/** Addresses of OPERATOR_EMAIL, between commas or spaces. */
const namedOperators = ({ OPERATOR_EMAIL = '' }: Env): readonly string[] =>
  OPERATOR_EMAIL.toLowerCase()
    .split(/[\s,]+/)
    .filter(Boolean)

/** Of an address alone; only an account that has proven the mailbox may act by it. */
export const isNamedOperator = (env: Env, email: string): boolean => namedOperators(env).includes(email.toLowerCase())
