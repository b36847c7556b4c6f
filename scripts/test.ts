// `npm test`: everything, in one command, in four lanes beside each other. Client roots are made meanwhile. What this
// machine cannot run (scripts/testing/gate.ts) stands in the summary with the reason, and under CI=true as a failure.
// Parts run in vitest processes of their own: one that hangs or dies takes no other with it.
import { join } from 'node:path'
import { leaveOut, whyNoClientRoots } from './testing/gate.ts'
import { type Part, partOf, readTestFiles } from './testing/programs.ts'
import { MOVING_SUITE, prepareMovingRoot, prepareRoots } from './testing/roots.ts'
import { notRun, type Outcome, runChecker, runVitest, summarize } from './testing/steps.ts'
import { prepareTools } from './testing/tools.ts'
import { checkTypes } from './testing/types.ts'

const isCi = process.env.CI === 'true'

const tools = prepareTools()
const noRoots = whyNoClientRoots(tools)
const roots = noRoots ? Promise.resolve(noRoots) : prepareRoots()
const movingRoot = noRoots ? Promise.resolve(noRoots) : prepareMovingRoot()
const testFiles = readTestFiles(join(import.meta.dirname, '..'))
/** Where it does not start, each part that wants one says so in its own place. */
const platform = import('./testing/one-platform.ts')
  .then(async ({ SHARED_PLATFORM_VARIABLE, startOnePlatform }) => {
    const { stop, ...shared } = await startOnePlatform()
    process.env[SHARED_PLATFORM_VARIABLE] = JSON.stringify(shared)
    return { stop }
  })
  .catch(console.error)

/** Without the files that cannot run here, which are an outcome of their own. */
const runPart = async (part: Part, title: string = part, niceness = 0): Promise<readonly Outcome[]> => {
  const run = { title, projects: [part], niceness }
  const files = testFiles.filter(({ path }) => partOf(path) === part)
  const leftOut = leaveOut(files, tools)
  if (!leftOut) return [await runVitest(run)]
  const left = `${title}: ${leftOut.files.length} of ${files.length} files`
  console.log(`\n── ${left} do not run: ${leftOut.reason}\n${leftOut.files.join('\n')}`)
  const rest = await runVitest({ ...run, options: leftOut.files.flatMap((path) => ['--exclude', path]) })
  return [rest, notRun(left, leftOut.reason, isCi && part !== MOVING_SUITE)]
}

/** Of the unit tests, which spread over all cores: what the others leave, so that the longest lane is not held up. */
const UNIT_NICENESS = 5

/** What one process does by itself. */
const alone = async (): Promise<readonly Outcome[]> => [
  await checkTypes('types', '.'),
  await checkTypes('types (edge)', 'workers'),
  await runChecker('lint', 'biome', 'check', '--diagnostic-level=error', '.'),
  ...(await runPart('unit', 'unit', UNIT_NICENESS)),
]

const inWorkerd = async (): Promise<readonly Outcome[]> => [
  await runVitest({
    title: 'workers',
    projects: ['files', 'web', 'billing'],
    options: ['--no-file-parallelism'],
  }),
]

/** What waits for processes to start, to die and to be tried again; it ends first, so the moving suite comes after. */
const waiting = async (): Promise<readonly Outcome[]> => {
  await platform
  return [...(await runPart('e2e')), ...(await installingOnMoving())]
}

const installing = async (): Promise<readonly Outcome[]> => {
  const [missingRoots] = await Promise.all([roots, platform])
  return missingRoots ? [notRun('install', missingRoots, isCi)] : runPart('install')
}

/** A suite that is broken today says nothing of this tree: it is reported, and fails nobody. */
const installingOnMoving = async (): Promise<readonly Outcome[]> => {
  const [missingRoot] = await Promise.all([movingRoot, platform])
  const title = `install (${MOVING_SUITE})`
  return missingRoot ? [notRun(title, missingRoot, false)] : runPart(MOVING_SUITE, title)
}

const startedAtMs = performance.now()
const lanes = await Promise.all([alone(), inWorkerd(), waiting(), installing()])
await (await platform)?.stop()
process.exitCode = summarize(lanes.flat(), (performance.now() - startedAtMs) / 1000).failed > 0 ? 1 : 0
