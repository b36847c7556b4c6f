// `npm run deploy` with the real wrangler, against a Cloudflare of the test's own; and what it does last, against a real
// platform on this machine.
import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, readFileSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest'
import { costLines, monthlyDollars } from '../../scripts/deploy/costs.ts'
import { folderOf, settingsTrouble } from '../../scripts/deploy/settings.ts'
import { smokeTest } from '../../scripts/deploy/smoke.ts'
import { ROOT } from '../../scripts/platform/root.ts'
import { type FakeCloudflare, startFakeCloudflare } from '../support/fake-cloudflare.ts'

const NAME = `tested-${process.pid}`
const SETTINGS = ['--name', NAME, '--operator-email', 'ada@example.net', '--packager', 'https://packager.example.net']
const folder = folderOf(NAME)
const read = (name: string) => JSON.parse(readFileSync(join(folder, name), 'utf8'))

let cloudflare: FakeCloudflare
const children = new Set<ChildProcess>()

interface Run {
  readonly status: number | null
  readonly output: string
}

const deploy = (...args: readonly string[]): Promise<Run> =>
  new Promise((done) => {
    const env = { ...process.env, CLOUDFLARE_API_TOKEN: 'token', CLOUDFLARE_API_BASE_URL: cloudflare.url }
    const child = spawn(process.execPath, ['scripts/deploy.ts', ...SETTINGS, '--no-smoke-test', ...args], {
      cwd: ROOT,
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    children.add(child)
    let output = ''
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        output += text
      })
    }
    child.once('close', (status) => {
      children.delete(child)
      done({ status, output })
    })
  })

beforeAll(async () => {
  cloudflare = await startFakeCloudflare()
})
afterAll(() => {
  for (const child of children) child.kill()
  cloudflare.close()
  rmSync(folder, { recursive: true, force: true })
})
beforeEach(() => void cloudflare.calls.splice(0))
afterEach(() => cloudflare.allow())

describe('npm run deploy', () => {
  it('says in a dry run everything in its order, and makes nothing', async () => {
    const { status, output } = await deploy('--dry-run')
    expect([status, cloudflare.changes()]).toEqual([0, []])
    const steps = [
      'account',
      'address',
      'database',
      'bucket',
      'queue',
      'secrets',
      'migrations',
      'file server',
      'web Worker',
    ]
    const places = steps.map((step) => output.indexOf(`\n  ${step}`))
    expect(places).toEqual([...places].sort((a, b) => a - b))
    expect(places[0]).toBeGreaterThan(-1)
    expect(output).toContain(`https://${NAME}.ada.workers.dev`)
  })

  it('goes no further than the key until that is in a safe place, and shows no secret', async () => {
    const { status, output } = await deploy()
    expect([status, output]).toEqual([1, expect.stringContaining('--key-saved')])
    expect(cloudflare.state.scripts.size).toBe(0)
    expect(statSync(join(folder, 'secrets.json')).mode & 0o777).toBe(0o600)
    expect(statSync(join(folder, 'key-encryption-key')).mode & 0o777).toBe(0o600)
    for (const secret of Object.values<string>(read('secrets.json'))) expect(output).not.toContain(secret)
  })

  it('ends with a whole account: database, bucket, queues, migrations, both Workers, secrets, schedule, consumers', async () => {
    const { status, output } = await deploy('--key-saved')
    expect([status, output]).toEqual([0, expect.stringContaining('web Worker: deployed')])
    const { state } = cloudflare
    expect([...state.databases.keys(), ...state.buckets]).toEqual([NAME, NAME])
    expect([...state.queues].map(([name, { consumers }]) => [name, consumers.length])).toEqual([
      [`${NAME}-jobs`, 1],
      [`${NAME}-dead-jobs`, 1],
      [`${NAME}-deliveries`, 1],
    ])
    expect([...state.scripts.keys()]).toEqual([`${NAME}-files`, NAME])
    expect([...(state.scripts.get(NAME)?.secrets ?? [])].sort()).toEqual(Object.keys(read('secrets.json')).sort())
    expect(state.schedules.get(NAME)).toEqual([{ cron: '* * * * *' }])
    expect(state.migrations.length).toBeGreaterThan(10)
    const bindings = state.scripts.get(NAME)?.metadata.bindings as readonly Record<string, unknown>[]
    const named = Object.fromEntries(bindings.map((binding) => [binding.name, binding]))
    expect(named).toMatchObject({
      DB: { id: [...state.databases.values()][0] },
      FILES: { service: `${NAME}-files` },
      OPERATOR_EMAIL: { text: 'ada@example.net' },
      PACKAGER_URL: { text: 'https://packager.example.net' },
      PUBLIC_URL: { text: `https://${NAME}.ada.workers.dev` },
    })
    expect(readFileSync(join(ROOT, 'wrangler.toml'), 'utf8')).toContain('00000000-0000-0000-0000-000000000000')
  })

  it('again makes nothing anew, keeps secrets and settings; readers of a domain go to the file server', async () => {
    const before = read('secrets.json')
    const migrations = cloudflare.state.migrations.length
    const { status } = await deploy('--domain', 'packages.example.net')
    expect(status).toBe(0)
    const made = cloudflare.changes().filter((call) => /POST .*\/(?:d1\/database|r2\/buckets|queues)$/.test(call))
    expect([made, read('secrets.json'), cloudflare.state.migrations.length]).toEqual([[], before, migrations])
    expect(read('web.json')).toMatchObject({
      workers_dev: false,
      routes: [{ pattern: 'packages.example.net', custom_domain: true }],
      vars: { PUBLIC_URL: 'https://packages.example.net', OPERATOR_EMAIL: 'ada@example.net' },
    })
    expect(cloudflare.state.routes).toContain(`${NAME}-files packages.example.net/r/*`)
    expect(cloudflare.state.routes).toContain(`${NAME} packages.example.net`)
    const foreign = await deploy('--domain', 'packages.example.org')
    expect([foreign.status, foreign.output]).toEqual([1, expect.stringContaining('No zone of this account holds')])
  })

  it.each([
    ['POST', /\/queues$/, 10015, 'Workers Paid'],
    ['GET', /\/r2\/buckets$/, 10042, 'R2 is not enabled'],
    ['GET', /\/workers\/subdomain$/, 10063, 'workers.dev subdomain'],
    ['GET', /\/accounts$/, 10000, 'npx wrangler login'],
  ])('says of %s %s refused with %i what to do', async (method, path, code, words) => {
    cloudflare.state.queues.delete(`${NAME}-jobs`)
    cloudflare.refuse(method, path, code, 'refused')
    const other = ['--name', `${NAME}-other`]
    const { status, output } = await deploy(...(code === 10063 ? other : []))
    rmSync(folderOf(`${NAME}-other`), { recursive: true, force: true })
    expect([status, output]).toEqual([1, expect.stringContaining(words)])
    expect(output).toContain('https://')
    expect(output).not.toContain('    at ')
  })

  it('takes everything away but the data, and that when it is told to', async () => {
    const unsure = await deploy('--teardown')
    expect([unsure.status, cloudflare.changes()]).toEqual([1, []])
    const kept = await deploy('--teardown', '--yes')
    expect([kept.status, cloudflare.state.scripts.size, cloudflare.state.queues.size]).toEqual([0, 0, 0])
    expect(cloudflare.state.databases.size).toBe(1)
    expect((await deploy('--teardown', '--yes', '--delete-data')).status).toBe(0)
    expect([cloudflare.state.databases.size, cloudflare.state.buckets.size]).toEqual([0, 0])
    expect(existsSync(join(folder, 'secrets.json'))).toBe(true)
  })
})

describe('settings', () => {
  const right = { name: 'packages', operatorEmail: 'ada@example.net', packager: 'image' }

  it.each([
    [{ name: 'Packages' }, '--name'],
    [{ operatorEmail: 'ada' }, '--operator-email'],
    [{ domain: 'https://packages.example.net' }, 'host name'],
    [{ packager: 'http://packager.example.net' }, 'https address'],
  ])('%j are refused with what to write', (wrong, words) => {
    expect(settingsTrouble(right)).toBeUndefined()
    expect(settingsTrouble({ ...right, ...wrong })).toContain(words)
  })

  it('cost the base price, and more with more readers', () => {
    expect(monthlyDollars({ requests: 0, gigabytes: 0 })).toBe(5)
    expect(costLines()).toHaveLength(4)
  })
})

describe('the smoke test', () => {
  it('publishes a package on a platform that works, and reads it back; again, too', async () => {
    const { url, operatorToken } = inject('sharedPlatform')
    const said: string[] = []
    await smokeTest(url, operatorToken, (line) => said.push(line))
    await smokeTest(url, operatorToken, (line) => said.push(line))
    expect(said.join('\n')).toContain('published and read back')
  })

  it('says what does not answer', async () => {
    await expect(smokeTest(cloudflare.url, 'x', () => {})).rejects.toThrow(/does not live: .*\/healthz answered 404/)
    await expect(smokeTest('http://127.0.0.1:1', 'x', () => {})).rejects.toThrow('cannot be reached')
  })
})
