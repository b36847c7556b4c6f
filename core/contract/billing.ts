// Billing as the API shows it: plans, an organization's subscription with what it used, invoices. Amounts are in the
// currency's smallest unit; limits in the units of their names, null: unlimited.
import * as z from 'zod'
import { CURRENCY, PLAN_IDS, PLANS } from '../model/plans.ts'
import { requestObject } from './request.ts'

export const BILLING_PATHS = {
  billing: '/organizations/{org}/billing',
  billingPlans: '/organizations/{org}/billing/plans',
  billingCheckout: '/organizations/{org}/billing/checkout',
  billingPortal: '/organizations/{org}/billing/portal',
  billingPlan: '/organizations/{org}/billing/plan',
  billingPlanPreview: '/organizations/{org}/billing/plan/preview',
  billingCancel: '/organizations/{org}/billing/cancel',
  billingResume: '/organizations/{org}/billing/resume',
  billingInvoices: '/organizations/{org}/billing/invoices',
} as const

/** The page of the web app where an owner sees and changes this. */
export const billingPageUrl = (webUrl: string, organization: string): string => `${webUrl}/${organization}/billing`

const limit = z.number().nullable()
export const billingLimitsSchema = z
  .object({
    storageBytes: limit,
    buildMinutes: limit.meta({ description: 'In one period' }),
    concurrentBuilds: limit.meta({ description: 'Jobs at work at once; more wait' }),
    projects: limit,
    privateRepositories: limit,
    members: limit,
    buildLogDays: limit,
  })
  .meta({ id: 'BillingLimits' })

const planIdSchema = z.enum(PLAN_IDS)
/** Plans that are sold. */
export const paidPlanSchema = z.enum(PLANS.flatMap(({ id, price }) => (price ? [id] : [])) as ['pro', 'team'])
export type PaidPlan = z.infer<typeof paidPlanSchema>

export const billingPlanSchema = z
  .object({
    id: planIdSchema,
    name: z.string(),
    limits: billingLimitsSchema,
    currency: z.literal(CURRENCY),
    monthlyCents: z.number().int(),
    trialDays: z.number().int(),
    usageBased: z.boolean().meta({ description: 'Use beyond it can be paid for' }),
  })
  .meta({ id: 'BillingPlan' })
export const billingPlansSchema = z.object({ plans: z.array(billingPlanSchema) }).meta({ id: 'BillingPlans' })

const measuredLimitSchema = z.enum(['storageBytes', 'buildMinutes', 'projects', 'privateRepositories', 'members'])

export const bannerSchema = z
  .object({
    /** `over_limits` and `payment_failed` run until `untilMs`; then it is `stopped`: nothing can be added. */
    kind: z.enum(['payment_failed', 'over_limits', 'stopped', 'ends', 'trial', 'near_limits']),
    message: z.string(),
    untilMs: z.number().nullable(),
    limits: z.array(measuredLimitSchema).meta({ description: 'Those it is about' }),
  })
  .meta({ id: 'BillingBanner' })
export type Banner = z.infer<typeof bannerSchema>

/** Stripe's own words. */
export const SUBSCRIPTION_STATUSES = [
  'incomplete', // its first payment is not made yet
  'incomplete_expired', // and never was
  'trialing',
  'active',
  'past_due', // a payment failed and is tried again
  'unpaid', // it is not tried again
  'paused',
  'canceled',
] as const
export type SubscriptionStatus = (typeof SUBSCRIPTION_STATUSES)[number]

export const subscriptionSchema = z
  .object({
    plan: planIdSchema,
    status: z.enum(SUBSCRIPTION_STATUSES),
    usageBased: z.boolean(),
    periodStartMs: z.number(),
    periodEndMs: z.number(),
    trialEndsAtMs: z.number().nullable(),
    cancelAtMs: z.number().nullable(),
    endedAtMs: z.number().nullable(),
  })
  .meta({ id: 'BillingSubscription' })

export const usageSchema = z
  .object({
    storageBytes: z.number().int(),
    buildMinutes: z.number().meta({ description: 'In this period, with their fractions' }),
    projects: z.number().int(),
    privateRepositories: z.number().int(),
    members: z.number().int(),
  })
  .meta({ id: 'BillingUsage' })

export const billingSchema = z
  .object({
    plan: planIdSchema.meta({ description: 'Whose limits apply now' }),
    limits: billingLimitsSchema,
    usage: usageSchema,
    periodStartMs: z.number(),
    periodEndMs: z.number(),
    banner: bannerSchema.nullable(),
    subscription: subscriptionSchema.nullable().meta({ description: 'null: there never was one' }),
    trialAvailable: z.boolean(),
  })
  .meta({ id: 'Billing' })
export type Billing = z.infer<typeof billingSchema>

export const choosePlanSchema = requestObject({ plan: paidPlanSchema, usageBased: z.boolean().default(false) }).meta({
  id: 'BillingChoice',
})
export type ChoosePlan = z.infer<typeof choosePlanSchema>

/** A page of the payment provider, for the browser to go to. Short-lived: ask when it is needed. */
export const redirectSchema = z.object({ url: z.url() }).meta({ id: 'BillingRedirect' })

export const previewSchema = z
  .object({
    currency: z.string(),
    dueNowCents: z.number().int().meta({ description: 'Charged at once; negative: credited to the next invoices' }),
    lines: z.array(z.object({ description: z.string(), amountCents: z.number().int() })),
  })
  .meta({ id: 'BillingPreview' })
export type PlanPreview = z.infer<typeof previewSchema>

export const invoiceSchema = z
  .object({
    id: z.string(),
    number: z.string().nullable(),
    status: z.enum(['draft', 'open', 'paid', 'uncollectible', 'void']),
    currency: z.string(),
    totalCents: z.number().int(),
    dueCents: z.number().int().meta({ description: 'Still to be paid' }),
    createdAtMs: z.number(),
    periodStartMs: z.number(),
    periodEndMs: z.number(),
    pageUrl: z.string().nullable(),
    pdfUrl: z.string().nullable(),
  })
  .meta({ id: 'BillingInvoice' })
export type InvoiceView = z.infer<typeof invoiceSchema>
