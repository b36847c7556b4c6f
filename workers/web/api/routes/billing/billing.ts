// Billing of an organization. None of these addresses exists where billing is off: not here, not in the document.
import {
  BILLING_PATHS,
  billingPlansSchema,
  billingSchema,
  choosePlanSchema,
  invoiceSchema,
  previewSchema,
  redirectSchema,
} from '@distropack/core/contract/billing.ts'
import { pageOf, pageQuerySchema } from '@distropack/core/contract/wire.ts'
import { fault } from '@distropack/core/fault.ts'
import { isBillingOn } from '../../../services/billing/billing-switch.ts'
import { startCheckout } from '../../../services/billing/checkout.ts'
import { cancelAtPeriodEnd, changePlan, previewPlan, resume } from '../../../services/billing/plan-change.ts'
import { listInvoices, openPortal } from '../../../services/billing/portal.ts'
import { viewBilling, viewPlans } from '../../../services/billing/view.ts'
import { need, refuse } from '../../faults.ts'
import { answers, createRoute, inOrganization, jsonBody, newRouter, orgParams } from '../../route.ts'

const tags = ['Billing']
export const billing = newRouter()

for (const path of ['/organizations/:org/billing', '/organizations/:org/billing/*']) {
  billing.use(path, async (context, next) =>
    isBillingOn(context.env) ? next() : refuse(fault('not_found', 'There is nothing at this address.')),
  )
}

const read = createRoute({
  method: 'get',
  path: BILLING_PATHS.billing,
  tags,
  ...inOrganization('billing.read'),
  summary: 'Plan, limits, what is used, and what needs attention',
  request: { params: orgParams },
  responses: answers(200, 'As it stands', billingSchema),
})
billing.openapi(read, async (context) => {
  const organization = context.get('organization')
  return context.json(await viewBilling(context.get('platform'), organization.id), 200)
})

const plans = createRoute({
  method: 'get',
  path: BILLING_PATHS.billingPlans,
  tags,
  ...inOrganization('billing.read'),
  summary: 'The plans there are',
  request: { params: orgParams },
  responses: answers(200, 'From the smallest to the largest', billingPlansSchema),
})
billing.openapi(plans, (context) => context.json(viewPlans(), 200))

const checkout = createRoute({
  method: 'post',
  path: BILLING_PATHS.billingCheckout,
  tags,
  ...inOrganization('billing.manage'),
  summary: 'Begin a subscription',
  description:
    'Answers with a page of the payment provider for the browser to go to. A first subscription may be a trial.',
  request: { params: orgParams, body: jsonBody(choosePlanSchema) },
  responses: answers(200, 'Where to go', redirectSchema),
})
billing.openapi(checkout, async (context) => {
  const organization = context.get('organization')
  const started = await startCheckout(context.get('platform'), organization, context.req.valid('json'))
  return context.json(need(started), 200)
})

const portal = createRoute({
  method: 'post',
  path: BILLING_PATHS.billingPortal,
  tags,
  ...inOrganization('billing.manage'),
  summary: 'Open the payment provider’s portal: card, address, tax ids, invoices',
  request: { params: orgParams },
  responses: answers(200, 'Where to go', redirectSchema),
})
billing.openapi(portal, async (context) => {
  const organization = context.get('organization')
  return context.json(need(await openPortal(context.get('platform'), organization)), 200)
})

const change = createRoute({
  method: 'put',
  path: BILLING_PATHS.billingPlan,
  tags,
  ...inOrganization('billing.manage'),
  summary: 'Change the plan',
  description:
    'A larger plan is charged at once for the rest of the period, and stays as it was when the charge fails (402). A ' +
    'smaller one is credited to the next invoices; what is above it stays readable, and allowed for some days.',
  request: { params: orgParams, body: jsonBody(choosePlanSchema) },
  responses: answers(200, 'As it stands then', billingSchema),
})
billing.openapi(change, async (context) => {
  const platform = context.get('platform')
  const organization = context.get('organization')
  need(await changePlan(platform, organization, context.req.valid('json')))
  return context.json(await viewBilling(platform, organization.id), 200)
})

const preview = createRoute({
  method: 'post',
  path: BILLING_PATHS.billingPlanPreview,
  tags,
  ...inOrganization('billing.manage'),
  summary: 'Say what a change of plan would cost now',
  request: { params: orgParams, body: jsonBody(choosePlanSchema) },
  responses: answers(200, 'Nothing was changed', previewSchema),
})
billing.openapi(preview, async (context) => {
  const organization = context.get('organization')
  const shown = await previewPlan(context.get('platform'), organization, context.req.valid('json'))
  return context.json(need(shown), 200)
})

const cancel = createRoute({
  method: 'post',
  path: BILLING_PATHS.billingCancel,
  tags,
  ...inOrganization('billing.manage'),
  summary: 'End the subscription with the period that is paid for',
  request: { params: orgParams },
  responses: answers(200, 'As it stands then', billingSchema),
})
billing.openapi(cancel, async (context) => {
  const platform = context.get('platform')
  const organization = context.get('organization')
  need(await cancelAtPeriodEnd(platform, organization))
  return context.json(await viewBilling(platform, organization.id), 200)
})

const takeUp = createRoute({
  method: 'post',
  path: BILLING_PATHS.billingResume,
  tags,
  ...inOrganization('billing.manage'),
  summary: 'Take back a cancellation whose day has not come',
  request: { params: orgParams },
  responses: answers(200, 'As it stands then', billingSchema),
})
billing.openapi(takeUp, async (context) => {
  const platform = context.get('platform')
  const organization = context.get('organization')
  need(await resume(platform, organization))
  return context.json(await viewBilling(platform, organization.id), 200)
})

const invoices = createRoute({
  method: 'get',
  path: BILLING_PATHS.billingInvoices,
  tags,
  ...inOrganization('billing.read'),
  summary: 'List invoices, newest first',
  request: { params: orgParams, query: pageQuerySchema },
  responses: answers(200, 'Invoices; at most 100 at a time', pageOf(invoiceSchema)),
})
billing.openapi(invoices, async (context) => {
  const organization = context.get('organization')
  const page = await listInvoices(context.get('platform'), organization, context.req.valid('query'))
  return context.json(need(page), 200)
})
