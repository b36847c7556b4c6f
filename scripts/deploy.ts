// `npm run deploy`: a platform in one's own Cloudflare account, or its next version. docs/deploy.md tells the way.
import { stdin, stdout } from 'node:process'
import { createInterface } from 'node:readline/promises'
import { parseArgs } from 'node:util'
import { findToken, openCloudflare } from './deploy/cloudflare.ts'
import { costLines } from './deploy/costs.ts'
import { type DeployTools, deploy, tearDown } from './deploy/deployment.ts'
import { DeployError, readSettings, type Settings, settingsTrouble } from './deploy/settings.ts'

const HELP = `npm run deploy -- [options]

  --name NAME              of the Worker, database, bucket and queues (default: distropack)
  --domain HOST            where it is reached, of a zone in the account (default: NAME.SUBDOMAIN.workers.dev)
  --operator-email MAIL    who runs it
  --packager image|URL     the container of containers/packager/Dockerfile (Docker must run here), or your own packager
  --account ID             where the login reaches several accounts
  --mail-url, --mail-from  a mail provider's sending address, and the sender
  --env NAME               another deployment beside the first: its name is NAME
  --dry-run                make nothing, say everything
  --key-saved              the key-encryption key is in a safe place
  --no-smoke-test          do not publish a package in the end
  --teardown               take it away; database and bucket stay without --delete-data
  --yes                    do not ask`

const { values } = parseArgs({
  options: {
    name: { type: 'string' },
    env: { type: 'string' },
    domain: { type: 'string' },
    'operator-email': { type: 'string' },
    packager: { type: 'string' },
    account: { type: 'string' },
    'mail-url': { type: 'string' },
    'mail-from': { type: 'string' },
    'dry-run': { type: 'boolean', default: false },
    'key-saved': { type: 'boolean', default: false },
    'no-smoke-test': { type: 'boolean', default: false },
    teardown: { type: 'boolean', default: false },
    'delete-data': { type: 'boolean', default: false },
    yes: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})

const say = (line: string): void => void stdout.write(`  ${line}\n`)
const canAsk = stdin.isTTY && stdout.isTTY && !values.yes

const question = async (text: string): Promise<string> => {
  const lines = createInterface({ input: stdin, output: stdout })
  try {
    return (await lines.question(text)).trim()
  } finally {
    lines.close()
  }
}

const given = <T extends object>(fields: T): Partial<T> =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined && value !== '')) as Partial<T>

/** Flags, then what an earlier run kept, then an answer. */
const findSettings = async (): Promise<Settings> => {
  const name = values.env ?? values.name ?? 'distropack'
  const { domain, 'operator-email': operatorEmail, packager, account: accountId } = values
  const { 'mail-url': mailUrl, 'mail-from': mailFrom } = values
  const flags = given({ domain, operatorEmail, packager, accountId, mailUrl, mailFrom })
  let settings: Partial<Settings> = { ...readSettings(name), ...flags, name }
  if (canAsk && !settings.operatorEmail) {
    const answered = await question('E-mail address of the first operator: ')
    const host = await question('Its host, as in packages.example.org (empty: on workers.dev): ')
    settings = { ...settings, operatorEmail: answered, ...given({ domain: host }) }
  }
  if (canAsk && !settings.packager) {
    settings = { ...settings, packager: await question('Packager, "image" or the https address of one of your own: ') }
  }
  const trouble = settingsTrouble(settings)
  if (trouble) throw new DeployError(trouble)
  return settings as Settings
}

const confirmKeySaved = async (path: string): Promise<boolean> => {
  if (values['key-saved']) return true
  if (!canAsk) return false
  stdout.write(`\n${path} opens every signing key of this platform. Cloudflare shows it to nobody, you neither.\n`)
  return (await question('Copy it to a safe place, then type "saved": ')) === 'saved'
}

const run = async (): Promise<void> => {
  if (values.help) return void stdout.write(`${HELP}\n`)
  const settings = await findSettings()
  const cloudflare = openCloudflare(await findToken())
  if (values.teardown) return takeAway(settings, cloudflare)
  const tools: DeployTools = {
    cloudflare,
    say,
    confirmKeySaved,
    isDryRun: values['dry-run'],
    withSmokeTest: !values['no-smoke-test'],
  }
  stdout.write(`${values['dry-run'] ? 'What would be done' : 'Deploying'} (${settings.name}):\n`)
  const { publicUrl } = await deploy(settings, tools)
  stdout.write(`\n${publicUrl}\n`)
  stdout.write(
    `Sign up there as ${settings.operatorEmail}: that account runs the instance.\n\n${costLines().join('\n')}\n`,
  )
}

const takeAway = async (settings: Settings, cloudflare: DeployTools['cloudflare']): Promise<void> => {
  const what = values['delete-data'] ? 'with all its packages and keys' : 'and keep its data'
  const isSure =
    values.yes || (canAsk && (await question(`Take ${settings.name} away, ${what}? Type its name: `)) === settings.name)
  if (!isSure) throw new DeployError('Nothing was done: type its name, or give --yes.')
  await tearDown(settings, { cloudflare, say }, values['delete-data'])
}

try {
  await run()
} catch (error) {
  if (!(error instanceof DeployError)) throw error
  process.stderr.write(`deploy: ${error.message}\n`)
  process.exitCode = 1
}
