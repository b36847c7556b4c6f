// The image as its Dockerfile says, but for the base image and the engine: the same files in an empty folder, the packages
// that its npm ci would install and no others, its environment, its command.
import { execFileSync, spawn } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, relative } from 'node:path'
import { buildEventSchema } from '@distropack/core/contract/packager.ts'
import { expect, it, onTestFinished } from 'vitest'
import { ROOT } from '../../scripts/platform/root.ts'
import { orderFor, startStore } from '../../test/support/packager-store.ts'

const FILE = readFileSync(join(import.meta.dirname, 'Dockerfile'), 'utf8')
const [PACKAGES = '', IMAGE = ''] = FILE.split(/^FROM .*$/m).slice(1)

const instructions = (stage: string, word: string): readonly string[] =>
  [...stage.matchAll(new RegExp(`^${word} (.*)$`, 'gm'))].map(([, text = '']) => text)

/** As `npm ci` with the same words would lay them out, from what is installed here. */
const installPackages = (app: string): void => {
  const words = instructions(PACKAGES, 'RUN')[0]
    ?.match(/^npm ci --ignore-scripts (.*)$/)?.[1]
    ?.split(' ')
  if (!words) throw new Error('the Dockerfile installs its packages in another way')
  const listed = execFileSync('npm', ['ls', '--all', '--parseable', '--long', ...words], {
    cwd: ROOT,
    encoding: 'utf8',
  })
  for (const line of listed.trim().split('\n')) {
    const [path = '', , linked] = line.split(':')
    const place = relative(ROOT, path)
    if (place === '') continue
    mkdirSync(dirname(join(app, place)), { recursive: true })
    if (linked) symlinkSync(relative(join(ROOT, dirname(place)), linked), join(app, place))
    else cpSync(path, join(app, place), { recursive: true })
  }
}

const layOut = (): string => {
  const app = mkdtempSync(join(tmpdir(), 'distropack-image-'))
  onTestFinished(() => rmSync(app, { recursive: true }))
  installPackages(app)
  for (const words of instructions(IMAGE, 'COPY').filter((text) => !text.startsWith('--from'))) {
    const [from = '', to = ''] = words.split(' ')
    cpSync(join(ROOT, from), join(app, to), { recursive: true, filter: (path) => !path.includes('/node_modules/') })
  }
  return app
}

it('starts, says it is ready, and builds', async () => {
  const app = layOut()
  const store = await startStore()
  onTestFinished(store.close)
  const [, ...words] = JSON.parse(instructions(IMAGE, 'CMD')[0] ?? '[]') as string[]
  const environment = instructions(IMAGE, 'ENV').flatMap((line) => line.split(' ').map((pair) => pair.split('=')))
  const child = spawn(process.execPath, words, {
    cwd: app,
    env: { ...Object.fromEntries(environment), PORT: '0', HOST: '127.0.0.1' },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  const port = await new Promise<number>((resolve, reject) => {
    child.stdout.setEncoding('utf8').once('data', (line: string) => resolve(JSON.parse(line).port))
    child.once('exit', (status) => reject(new Error(`it ended with ${status}`)))
  })
  const url = `http://127.0.0.1:${port}`
  expect(await (await fetch(`${url}/healthz`)).json()).toMatchObject({ state: 'ready' })
  const built = await fetch(`${url}/v1/builds`, { method: 'POST', body: JSON.stringify(orderFor(store)) })
  const events = (await built.text()).trim().split('\n')
  const last = buildEventSchema.parse(JSON.parse(events.at(-1) ?? ''))
  expect(last).toMatchObject({ type: 'done', artifact: { sizeBytes: expect.any(Number) } })
})
