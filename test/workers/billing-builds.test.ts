// Builds under a plan: minutes that run out, turns that are waited for, time written down once, logs that end.
import { createMessageBatch } from 'cloudflare:test'
import { describe, expect, it, vi } from 'vitest'
import { runJob } from '../../workers/web/services/builds/run-job.ts'
import { openPlatform } from '../../workers/web/services/platform/platform.ts'
import worker from '../../workers/web/worker.ts'
import {
  type Answer,
  api,
  billing,
  DAY_MS,
  env,
  fillStorage,
  rowsOf,
  START_MS,
  sweep,
  testEnv,
  useMinutes,
} from './billing-fixture.ts'
import { acme, build, expectRefusal, MANIFEST, PAGE, PROGRAM, useFreeOrganization } from './billing-organization.ts'
import { uploadText } from './web-fixture.ts'

const FREE_BYTES = 2 * 1024 ** 3

useFreeOrganization()

describe('a build', () => {
  it('is refused when the minutes are used up, and so is a push', async () => {
    await useMinutes(99.9)
    expect((await build()).status).toBe(201)
    await useMinutes(0.1)
    expectRefusal(await build(), /^Build minutes: 100 of 100 .* They start anew on 2027-02-01/)
    const file = { fileName: 'x_1_amd64.deb', sha256: 'a'.repeat(64), sizeBytes: 1 }
    const pushed = await api('POST', '/projects/acme/tool/pushes', { token: acme, json: { files: [file] } })
    expectRefusal(pushed, /Build minutes/)
  })

  it('finds new minutes in the next month', async () => {
    await useMinutes(500)
    expect((await build()).status).toBe(402)
    vi.setSystemTime(Date.UTC(2027, 1, 1))
    expect((await billing(acme)).usage.buildMinutes).toBe(0)
    expect((await build()).status).toBe(201)
  })

  it('is not begun where its result could not be kept', async () => {
    await uploadText(acme, 'acme/tool', PROGRAM)
    await fillStorage(FREE_BYTES + 1)
    expectRefusal(await build(), /Storage/)
  })
})

const deliverJob = async (jobId: string, attempts = 1): Promise<void> => {
  const message = { id: `${jobId}-${attempts}`, timestamp: new Date(), attempts, body: { jobId } }
  await worker.queue(createMessageBatch('distropack-jobs', [message]), testEnv as never)
}
const jobOf = async (answer: Answer, index = 0) =>
  (await api('GET', `/projects/acme/tool/builds/${answer.body.id}`, { token: acme })).body.jobs[index]

describe('a job', () => {
  it('writes down once how long it took, whatever its end and however often it is delivered', async () => {
    const made = await build()
    const { id } = made.body.jobs[0]
    await deliverJob(id)
    await deliverJob(id, 2)
    const rows = await rowsOf<{ job_id: string; log_until_ms: number }>('SELECT * FROM build_usage')
    expect(rows).toMatchObject([{ job_id: id, log_until_ms: START_MS + 14 * DAY_MS }])
  })

  it('that was cut off counts nothing', async () => {
    const made = await build({ manifest: MANIFEST.replace('A tool', 'packager-is-gone') })
    await deliverJob(made.body.jobs[0].id)
    expect(await jobOf(made)).toMatchObject({ state: 'waiting', attempts: 1 })
    expect(await rowsOf('SELECT * FROM build_usage')).toEqual([])
  })

  it('whose organization ran out of minutes while it waited fails and says why', async () => {
    const made = await build()
    await useMinutes(100)
    await deliverJob(made.body.jobs[0].id)
    expect(await jobOf(made)).toMatchObject({ state: 'failed', faults: [{ code: 'quota_exceeded', link: PAGE }] })
  })

  it('waits for its turn when as many are at work as the plan allows, and is not refused', async () => {
    const targets = ['deb/amd64', 'rpm/amd64', 'apk/amd64']
    const made = await build({ targets })
    const ids: string[] = made.body.jobs.map(({ id }: { id: string }) => id)
    const lease = Date.now() + 20_000
    for (const id of ids.slice(0, 2)) {
      await testEnv.DB.prepare("UPDATE jobs SET state = 'building', lease_until_ms = ? WHERE id = ?")
        .bind(lease, id)
        .run()
    }
    await deliverJob(ids[2] ?? '')
    expect(
      await jobOf(
        made,
        made.body.jobs.findIndex(({ id }: { id: string }) => id === ids[2]),
      ),
    ).toMatchObject({
      state: 'waiting',
      attempts: 0,
    })
    // One of the two is lost with its packager: its place is free.
    await testEnv.DB.prepare('UPDATE jobs SET lease_until_ms = 1 WHERE id = ?').bind(ids[0]).run()
    await deliverJob(ids[2] ?? '')
    const { results } = await testEnv.DB.prepare('SELECT state FROM jobs WHERE id = ?').bind(ids[2]).all()
    expect(results).toEqual([{ state: 'failed' }])
  })

  it('that ends calls the one that waited longest', async () => {
    const made = await build({ targets: ['deb/amd64', 'rpm/amd64'] })
    const [first, second]: string[] = made.body.jobs.map(({ id }: { id: string }) => id)
    const sent: string[] = []
    const JOBS = { send: async ({ jobId }: { jobId: string }) => void sent.push(jobId) } as unknown as Queue
    await runJob(openPlatform({ ...env, JOBS }), first ?? '')
    expect(sent).toEqual([second])
  })

  it('keeps its log as long as its plan says, and then the log alone is gone', async () => {
    const made = await build()
    const { id } = made.body.jobs[0]
    await deliverJob(id)
    await testEnv.DB.prepare("INSERT INTO job_log_lines (job_id, at_ms, line) VALUES (?, 1, 'x')").bind(id).run()
    const readLog = () => api('GET', `/projects/acme/tool/builds/${made.body.id}/jobs/${id}/log`, { token: acme })
    vi.setSystemTime(START_MS + 14 * DAY_MS - 1)
    await sweep()
    expect((await readLog()).body.lines).toHaveLength(1)
    vi.setSystemTime(START_MS + 14 * DAY_MS)
    await sweep()
    expect((await readLog()).body.lines).toEqual([])
    expect((await jobOf(made)).state).toBe('failed')
  })
})
