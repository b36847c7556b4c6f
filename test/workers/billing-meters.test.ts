// Use beyond a plan: allowed up to a ceiling for those who chose to pay for it, told to Stripe, billed once.
import { beforeEach, describe, expect, it } from 'vitest'
import { countUse, sendReports } from '../../workers/web/services/billing/meters.ts'
import { openPlatform } from '../../workers/web/services/platform/platform.ts'
import {
  act,
  billing,
  DAY_MS,
  deliver,
  env,
  fillStorage,
  freshBilling,
  look,
  newOrganization,
  pass,
  passTo,
  rowsOf,
  stripe,
  subscribe,
  subscribePaid,
  sweep,
  testEnv,
  useMinutes,
} from './billing-fixture.ts'

const GIB = 1024 ** 3
const HOUR_MS = 60 * 60_000
const COUNTED_AGAIN_MS = 11 * 60_000

let acme: string
beforeEach(async () => {
  await freshBilling()
  acme = await newOrganization('acme')
})

const sweepLater = async (): Promise<void> => {
  await pass(COUNTED_AGAIN_MS)
  await sweep()
}
const told = async (meter: string): Promise<number[]> =>
  (await look()).meterEvents.filter(({ eventName }) => eventName === `distropack_${meter}`).map(({ value }) => value)
const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0)

describe('build minutes', () => {
  it('within the plan are told to nobody', async () => {
    await subscribePaid({ plan: 'pro', usageBased: true })
    await useMinutes(2000)
    await sweepLater()
    expect((await look()).meterEvents).toEqual([])
  })

  it('beyond it are allowed to the ceiling, told as they grow, and stand on the next invoice', async () => {
    await subscribePaid({ plan: 'pro', usageBased: true })
    expect((await billing(acme)).limits).toMatchObject({ buildMinutes: 20_000, storageBytes: 500 * GIB })
    await useMinutes(2010.5)
    await sweepLater()
    expect(await told('build_minutes')).toEqual([11])
    await useMinutes(50)
    await sweepLater()
    await sweepLater()
    expect(await told('build_minutes')).toEqual([11, 50])
    await passTo((await billing(acme)).subscription.periodEndMs + 2 * HOUR_MS)
    const invoice = (await look()).invoices.at(-1)
    // 61 minutes at 0.8 cents beside the month of Pro.
    expect(invoice?.total).toBe(2900 + 49)
  })

  it('are not told without the choice, nor while a trial runs, which has no ceilings either', async () => {
    await subscribe({ plan: 'pro', usageBased: true })
    expect((await billing(acme)).limits.buildMinutes).toBe(2000)
    await useMinutes(2100)
    await sweepLater()
    expect((await look()).meterEvents).toEqual([])
  })

  it('of a job that ended in the last minute of a period belong to that period', async () => {
    await subscribePaid({ plan: 'pro', usageBased: true })
    const { periodEndMs } = (await billing(acme)).subscription
    await passTo(periodEndMs - 1000)
    await useMinutes(2005)
    await passTo(periodEndMs + 20 * 60_000)
    await deliver()
    await sweep()
    expect(await told('build_minutes')).toEqual([5])
    expect((await look()).meterEvents[0]?.timestamp).toBe(periodEndMs / 1000 - 1)
    await passTo(periodEndMs + 2 * HOUR_MS)
    expect((await look()).invoices.at(-1)?.total).toBe(2900 + 4)
  })

  it('are told once, however many count at once', async () => {
    await subscribePaid({ plan: 'pro', usageBased: true })
    await useMinutes(2030)
    await pass(COUNTED_AGAIN_MS)
    await Promise.all(Array.from({ length: 5 }, () => countUse(openPlatform(env))))
    await Promise.all(Array.from({ length: 5 }, () => sendReports(openPlatform(env))))
    expect(await told('build_minutes')).toEqual([30])
    expect(await rowsOf('SELECT state, from_total, to_total FROM meter_reports')).toEqual([
      { state: 'sent', from_total: 0, to_total: 30 },
    ])
  })

  it('are told once when the note of it was lost, and later when Stripe does not answer', async () => {
    await subscribePaid({ plan: 'pro', usageBased: true })
    await useMinutes(2030)
    await pass(COUNTED_AGAIN_MS)
    await stripe({ do: 'break', calls: 1000, status: 500 })
    await sweep()
    expect(await rowsOf('SELECT state FROM meter_reports')).toEqual([{ state: 'pending' }])
    await stripe({ do: 'break', calls: 0, status: 500 })
    await sweep()
    await testEnv.DB.prepare("UPDATE meter_reports SET state = 'pending'").run()
    await sweep()
    expect(await told('build_minutes')).toEqual([30])
    expect(await rowsOf('SELECT state FROM meter_reports')).toEqual([{ state: 'sent' }])
  })

  it('paid for under a smaller plan are not paid for again under a larger one', async () => {
    await subscribePaid({ plan: 'pro', usageBased: true })
    await useMinutes(3000)
    await sweepLater()
    await act('/plan', { plan: 'team', usageBased: true }, 'PUT')
    await useMinutes(7500)
    await sweepLater()
    // 10,500 of Team's 10,000 are 500 beyond; 1,000 were told before.
    expect(await told('build_minutes')).toEqual([1000])
    await useMinutes(600)
    await sweepLater()
    expect(sum(await told('build_minutes'))).toBe(1100)
  })
})

describe('storage', () => {
  it('beyond the plan is told for each day, a part of a GiB as a whole one', async () => {
    await subscribePaid({ plan: 'pro', usageBased: true })
    await fillStorage(52.5 * GIB)
    await sweepLater()
    await sweepLater()
    expect(await told('storage_gib_days')).toEqual([3])
    await fillStorage(55 * GIB)
    await sweepLater()
    expect(await told('storage_gib_days')).toEqual([3, 2])
    await pass(DAY_MS)
    await sweep()
    expect(await told('storage_gib_days')).toEqual([3, 2, 5])
  })
})

describe('the choice', () => {
  it('can be made later, counts from then, and is taken back with a bill for what was used', async () => {
    await subscribePaid({ plan: 'pro' })
    expect((await billing(acme)).limits.buildMinutes).toBe(2000)
    const on = await act('/plan', { plan: 'pro', usageBased: true }, 'PUT')
    expect(on.body).toMatchObject({ limits: { buildMinutes: 20_000 }, subscription: { usageBased: true } })
    await useMinutes(2100)
    await sweepLater()
    const off = await act('/plan', { plan: 'pro', usageBased: false }, 'PUT')
    expect(off.body).toMatchObject({ limits: { buildMinutes: 2000 }, subscription: { usageBased: false } })
    await passTo(off.body.subscription.periodEndMs + 2 * HOUR_MS)
    expect((await look()).invoices.at(-1)?.total).toBe(2900 + 80)
  })
})
