// What `npm start` and `npm run dev` share: settings from the environment, the seed, words for a person, an orderly end.
import { createWriteStream, mkdirSync, openSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { type Platform, startPlatform } from './platform.ts'
import { ROOT } from './root.ts'
import { bootstrap, DEMO, ensureAccount, installText, publishExample } from './seed.ts'
import { adviceOn, LOCAL_EMAIL, readSeed, StartError, writeLocalAccess, writeSeed } from './state.ts'

const DEFAULT_PORT = 8787
/** Of the signals that end it, as a shell reports them: 128 + number. */
const STATUS_OF_SIGNAL = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const

const readPort = (text: string | undefined): number => {
  const port = Number(text || DEFAULT_PORT)
  if (!Number.isInteger(port) || port < 0 || port > 65535) throw new StartError(`PORT is "${text}": write 0 to 65535.`)
  return port
}

/** A seed that an earlier start began is gone on with: every step of it may be repeated. */
const seedOnce = async (platform: Platform, stateDirectory: string): Promise<string> => {
  const done = readSeed(stateDirectory)
  if (done) return done.token
  const token = await bootstrap(platform.url, platform.operatorToken, DEMO.organization)
  console.log(`Building and publishing examples/hello into ${DEMO.organization}/${DEMO.project} …`)
  await publishExample({ url: platform.url, token })
  writeSeed(stateDirectory, { token })
  return token
}

const endOnSignals = (platform: Platform): void => {
  let isEnding = false
  for (const [signal, status] of Object.entries(STATUS_OF_SIGNAL)) {
    process.on(signal, () => {
      if (isEnding) return
      isEnding = true
      platform.stop().finally(() => process.exit(status))
    })
  }
}

/** Events of an undisturbed platform are for the file; what went wrong is for the person, too. */
const TROUBLE = /"event":"[a-z._-]*(failed|dead|died|error)|^(?!\{|packager: \{)/

const openLog = (stateDirectory: string): { readonly file: string; readonly log: (line: string) => void } => {
  mkdirSync(stateDirectory, { recursive: true, mode: 0o700 })
  const file = join(stateDirectory, 'platform.log')
  const stream = createWriteStream(file, { fd: openSync(file, 'a', 0o600) })
  const log = (line: string): void => {
    stream.write(`${line}\n`)
    if (TROUBLE.test(line)) console.error(line)
  }
  return { file, log }
}

const runHere = async (): Promise<Platform> => {
  const stateDirectory = resolve(process.env.DISTROPACK_STATE_DIR || join(ROOT, '.distropack'))
  const { file, log } = openLog(stateDirectory)
  const publicUrl = process.env.DISTROPACK_PUBLIC_URL?.replace(/\/+$/, '')
  const clientAddressHeader = process.env.DISTROPACK_CLIENT_ADDRESS_HEADER
  const platform = await startPlatform({
    stateDirectory,
    port: readPort(process.env.PORT),
    log,
    ...(publicUrl ? { publicUrl } : {}),
    ...(clientAddressHeader ? { clientAddressHeader } : {}),
  })
  endOnSignals(platform)
  try {
    const token = await seedOnce(platform, stateDirectory)
    await ensureAccount(platform.url, platform.operatorToken, platform.accountPassword)
    const account = { email: LOCAL_EMAIL, password: platform.accountPassword }
    writeLocalAccess(stateDirectory, { url: platform.url, token, ...account })
    const lines = await installText({ url: platform.url, token })
    platform.markReady()
    console.log(`\nDistroPack is ready at ${platform.url}; Ctrl-C ends it. Install the example with:\n`)
    console.log(lines)
    console.log(`\nAddress, token, e-mail address and password: ${stateDirectory}/local.json; events: ${file}`)
    return platform
  } catch (error) {
    await platform.stop()
    throw error
  }
}

/** Undefined when it could not start; the reason is printed and the exit status is 1. */
export const startHere = async (): Promise<Platform | undefined> => {
  try {
    return await runHere()
  } catch (error) {
    console.error(adviceOn(error) ?? error)
    process.exitCode = 1
    return undefined
  }
}
