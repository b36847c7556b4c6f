// Every test that runs under vitest, as projects: `unit` on Node, the Workers in workerd, and what drives a whole
// platform or real clients (`e2e`, `install`, and `sid` for Debian's unreleased suite) one file after another.

import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { defineConfig } from 'vitest/config'
import { bundleWorker } from './scripts/platform/bundle.ts'
import { bundledLibraries } from './scripts/testing/libraries.ts'
import { REPORT_FILE_VARIABLE, runReporter } from './scripts/testing/reporter.ts'
import { isWritable } from './scripts/testing/writable.ts'
import { importsOf, readSources } from './test/support/source-files.ts'

// Programs that tests start (the command line, `npm start`) keep compiled code, as the command line does for its users.
process.env.NODE_COMPILE_CACHE ??= join(import.meta.dirname, 'node_modules/.cache/compiled')
// Other people's programs say and read the same in everybody's locale: bsdtar refuses names that are not ASCII in C.
process.env.LC_ALL = 'C.UTF-8'

/** Whether `--project` lets it run. The Workers' projects take a second or two to make, also where nobody wants them. */
const isWanted = (project: string): boolean => {
  const asked = process.argv.flatMap((word, at, words) =>
    word === '--project' ? (words[at + 1] ?? []) : word.startsWith('--project=') ? word.slice(10) : [],
  )
  return asked.length === 0 || asked.includes(project) || asked.some((word) => /[!*]/.test(word))
}

/** Other parts run beside, on two cores perhaps that do other work, too: a limit is there to end what hangs. */
const PATIENT = { testTimeout: 900_000, hookTimeout: 900_000 }

const unit = {
  test: {
    name: 'unit',
    include: [
      'core/**/*.test.ts',
      'action/**/*.test.ts',
      'cli/**/*.test.ts',
      'containers/**/*.test.ts',
      'scripts/**/*.test.ts',
      'test/laws/**/*.test.ts',
      'test/*.test.ts',
    ],
    // A process a core, which loads what the files share once. Nothing here keeps state in a module.
    isolate: false,
    maxWorkers: '100%',
    ...PATIENT,
    // What a test waits for by asking again and again.
    expect: { poll: { timeout: 120_000 } },
  },
}

const fileServer = async () => {
  const { cloudflareTest } = await import('@cloudflare/vitest-plugin')
  return {
    plugins: [cloudflareTest({ wrangler: { configPath: './workers/fileserver/wrangler.toml' } })],
    test: { name: 'files', include: ['test/workers/fileserver*.test.ts'], isolate: false, ...PATIENT },
  }
}

const FAKE_STRIPE = {
  BILLING: 'stripe',
  STRIPE_API_BASE: 'http://stripe.test',
  STRIPE_SECRET_KEY: 'sk_test_fake',
  STRIPE_WEBHOOK_SECRET: 'whsec_fake',
}

interface WebProject {
  readonly name: string
  readonly bindings: Readonly<Record<string, string>>
  readonly include: readonly string[]
  readonly exclude: readonly string[]
}

/** What the web Worker, and all that it runs of core, imports of others. */
const readLibraries = (): readonly string[] =>
  readSources()
    .filter(({ path }) => /^(?:workers\/web|core)\//.test(path))
    .flatMap(importsOf)
    .flatMap((name) => (name.startsWith('npm:') ? [name.slice(4)] : []))

const web = async ({ name, bindings, include, exclude }: WebProject) => {
  const { cloudflareTest, readD1Migrations } = await import('@cloudflare/vitest-plugin')
  return {
    plugins: [
      cloudflareTest({
        wrangler: { configPath: './wrangler.toml' },
        miniflare: {
          bindings: {
            // None until the first one is generated.
            MIGRATIONS: existsSync('migrations') ? await readD1Migrations('migrations') : [],
            KEY_ENCRYPTION_KEY: Buffer.alloc(32, 7).toString('base64'),
            OPERATOR_TOKEN: 'operator-of-the-tests',
            AUTH_SECRET: 'a secret of the tests, 32 characters or more',
            SIGN_UP: 'open',
            OPERATOR_EMAIL: 'operator@example.net, ada@example.net',
            MAIL_URL: 'http://mail.test/emails',
            GITHUB_CLIENT_ID: 'github-client',
            GITHUB_CLIENT_SECRET: 'github-secret',
            OIDC_ISSUER: 'https://idp.test',
            OIDC_CLIENT_ID: 'oidc-client',
            OIDC_CLIENT_SECRET: 'oidc-secret',
            PUBLIC_URL: 'http://platform.test',
            PACKAGER_URL: 'http://packager.test',
            ...bindings,
          },
          // Whatever the Worker sends out arrives at these fakes; there is no other outside.
          outboundService: 'outside',
          // Nothing is delivered by itself: the plugin never ends a run in which a queue called the Worker. Deliveries
          // are made by hand (createMessageBatch), and for real in the e2e project.
          queueProducers: { JOBS: { queueName: 'undelivered' }, DELIVERIES: { queueName: 'undelivered' } },
          // The service binding FILES: the real file server, bundled, over the same bucket.
          workers: [
            {
              name: 'outside',
              modules: [
                {
                  type: 'ESModule',
                  path: 'outside.mjs',
                  contents: await bundleWorker('test/support/outside/worker.ts'),
                },
              ],
              compatibilityDate: '2026-10-01',
            },
            {
              name: 'distropack-files',
              modules: [
                { type: 'ESModule', path: 'files.mjs', contents: await bundleWorker('workers/fileserver/worker.ts') },
              ],
              compatibilityDate: '2026-10-01',
              r2Buckets: { BUCKET: 'distropack' },
            },
          ],
        },
      }),
    ],
    test: {
      name,
      // Side by side, workerds with queues under way often keep vitest from ending (@cloudflare/vitest-plugin 1.4.10).
      // Beside another project this is not enough: run both with --no-file-parallelism, as scripts/test.ts does.
      fileParallelism: false,
      // One workerd that loads the Worker once; every file begins with `freshPlatform`, which empties all storage.
      isolate: false,
      ...PATIENT,
      include: [...include],
      exclude: [...exclude],
      deps: { optimizer: { ssr: bundledLibraries(readLibraries()) } },
    },
  }
}

const SHARED_PLATFORM = ['test/support/shared-platform-setup.ts']

const BILLING_TESTS = 'test/workers/billing-*.test.ts'

const WEB_PROJECTS: readonly WebProject[] = [
  {
    name: 'web',
    bindings: {},
    include: ['test/workers/**/*.test.ts', 'workers/web/**/*.test.ts'],
    exclude: ['test/workers/fileserver*.test.ts', BILLING_TESTS],
  },
  { name: 'billing', bindings: FAKE_STRIPE, include: [BILLING_TESTS], exclude: [] },
]

/** How many files at a time, each process loading once what its files share; no file leaves anything behind in a module. */
const whole = (name: string, include: string, globalSetup: string[] = [], maxWorkers = 1) => ({
  test: {
    name,
    include: [include],
    globalSetup,
    maxWorkers,
    isolate: false,
    ...PATIENT,
  },
})

const reportFile = process.env[REPORT_FILE_VARIABLE]

export default defineConfig(async () => ({
  test: {
    reporters: ['default', ...(reportFile ? [runReporter(reportFile)] : [])],
    // What a test's subject logs is shown when the test fails.
    silent: 'passed-only' as const,
    fsModuleCache: isWritable(join(import.meta.dirname, 'node_modules/.vitest-cache')),
    projects: [
      unit,
      ...(isWanted('files') ? [await fileServer()] : []),
      ...(await Promise.all(WEB_PROJECTS.filter(({ name }) => isWanted(name)).map(web))),
      // Half of it is waiting for processes to die and to be missed.
      whole('e2e', 'test/e2e/**/*.test.ts', SHARED_PLATFORM, 2),
      // Clients mostly wait for themselves, and every file has channels of its own.
      whole('install', 'test/install/**/*.test.ts', SHARED_PLATFORM, 2),
      whole('sid', 'test/sid/**/*.test.ts', SHARED_PLATFORM),
    ],
  },
}))
