// `npm test`: everything, in one command, in three lanes beside each other. Client roots are made meanwhile; a tool
// that is missing fails the run under CI=true, and elsewhere leaves out the part that needs it, with the reason in the
// summary. Parts run in vitest processes of their own: one that hangs or dies takes no other with it.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { MOVING_SUITE, prepareMovingRoot, prepareRoots } from './testing/roots.ts'
import { notRun, type Outcome, runChecker, runVitest, summarize } from './testing/steps.ts'
import { prepareTools } from './testing/tools.ts'

const isCi = process.env.CI === 'true'

const bundles = mkdtempSync(join(tmpdir(), 'distropack-bundles-'))
process.env.DISTROPACK_BUNDLES = bundles
process.once('exit', () => rmSync(bundles, { recursive: true, force: true }))

const missingTools = prepareTools()
const roots = missingTools ? Promise.resolve(missingTools) : prepareRoots()
const movingRoot = missingTools ? Promise.resolve(missingTools) : prepareMovingRoot()

/** What computes. */
const computing = async (): Promise<readonly Outcome[]> => [
  await runChecker('types', 'tsc', '--noEmit'),
  await runChecker('types (edge)', 'tsc', '--noEmit', '-p', 'workers'),
  await runChecker('lint', 'biome', 'check', '--diagnostic-level=error', '.'),
  missingTools ? notRun('unit', missingTools, isCi) : await runVitest('unit', ['unit']),
  await runVitest('workers', ['files', 'web', 'billing'], ['--no-file-parallelism']),
]

/** What waits for processes to start, to die and to be tried again. */
const waiting = async (): Promise<readonly Outcome[]> => [
  missingTools ? notRun('e2e', missingTools, isCi) : await runVitest('e2e', ['e2e']),
]

const installing = async (): Promise<readonly Outcome[]> => {
  const missingRoots = await roots
  const released = missingRoots ? notRun('install', missingRoots, isCi) : await runVitest('install', ['install'])
  // A suite that is broken today says nothing of this tree: it is reported, and fails nobody.
  const missingMovingRoot = await movingRoot
  const moving = `install (${MOVING_SUITE})`
  return [
    released,
    missingMovingRoot ? notRun(moving, missingMovingRoot, false) : await runVitest(moving, [MOVING_SUITE]),
  ]
}

const startedAtMs = performance.now()
const lanes = await Promise.all([computing(), waiting(), installing()])
process.exitCode = summarize(lanes.flat(), (performance.now() - startedAtMs) / 1000).failed > 0 ? 1 : 0
