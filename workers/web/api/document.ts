// The API's document as this platform serves it, with an example for every body: what its operator switched off does not stand in it.
import { EXAMPLES } from '@distropack/core/contract/examples.ts'
import type { Env } from '../env.ts'
import { isBillingOn } from '../services/billing/billing-switch.ts'

const BILLING_TAG = 'Billing'
/** Shapes of billing have names of their own that begin so. */
const BILLING_SHAPES = /^Billing/
/** Codes of faults and words of the audit log. */
const BILLING_WORDS = /^(quota_exceeded|payment_failed|(billing|quota)\..+)$/
const isBillingWord = (value: unknown): boolean => typeof value === 'string' && BILLING_WORDS.test(value)

interface Operation {
  readonly tags?: readonly string[]
}
interface Document {
  readonly paths?: Readonly<Record<string, object>>
  readonly components?: { readonly schemas?: Readonly<Record<string, unknown>> }
}

const isOfBilling = (methods: object): boolean =>
  Object.values(methods).some((operation: Operation) => operation.tags?.includes(BILLING_TAG))

const without = (record: Readonly<Record<string, unknown>>, isLeftOut: (name: string, value: unknown) => boolean) =>
  Object.fromEntries(Object.entries(record).filter(([name, value]) => !isLeftOut(name, value)))

const withoutCodes = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.filter((each) => !isBillingWord(each)).map(withoutCodes)
  if (value === null || typeof value !== 'object') return value
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, withoutCodes(each)]))
}

const withExamples = (schemas: Readonly<Record<string, unknown>>) =>
  Object.fromEntries(
    Object.entries(schemas).map(([name, schema]) =>
      name in EXAMPLES ? [name, { ...(schema as object), example: EXAMPLES[name] }] : [name, schema],
    ),
  )

export const fitDocument = <T extends Document>(made: T, env: Env): T => {
  const { paths = {}, components = {} } = made
  const document = { ...made, components: { ...components, schemas: withExamples(components.schemas ?? {}) } }
  if (isBillingOn(env)) return document
  return {
    ...document,
    paths: withoutCodes(without(paths, (_, methods) => isOfBilling(methods as object))),
    components: {
      ...components,
      schemas: withoutCodes(without(document.components.schemas, (name) => BILLING_SHAPES.test(name))),
    },
  }
}

/** The table of permissions, without what cannot be done here. */
export const fitPermissions = <T extends { readonly permissions: Readonly<Record<string, unknown>> }>(
  table: T,
  env: Env,
): T => (isBillingOn(env) ? table : { ...table, permissions: without(table.permissions, isBillingWord) })
