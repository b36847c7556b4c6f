// `npm test`: everything, in one command. Client roots are made while the fast tests run; a tool that is missing
// fails the run under CI=true, and elsewhere leaves out the part that needs it, with the reason in the summary.
import { MOVING_SUITE, prepareMovingRoot, prepareRoots } from './testing/roots.ts'
import { notRun, type Outcome, runChecker, runVitest, summarize } from './testing/steps.ts'
import { prepareTools } from './testing/tools.ts'

const isCi = process.env.CI === 'true'

const missingTools = prepareTools()
const roots = missingTools ? Promise.resolve(missingTools) : prepareRoots()
const movingRoot = missingTools ? Promise.resolve(missingTools) : prepareMovingRoot()

const outcomes: Outcome[] = [
  ...(await Promise.all([
    runChecker('types', 'tsc', '--noEmit'),
    runChecker('types (edge)', 'tsc', '--noEmit', '-p', 'workers'),
    runChecker('lint', 'biome', 'check', '--diagnostic-level=error', '.'),
  ])),
  missingTools ? notRun('unit', missingTools, isCi) : await runVitest('unit', ['unit']),
  await runVitest('workers', ['files', 'web', 'billing'], ['--no-file-parallelism']),
  await runVitest('e2e', ['e2e']),
]
const missingRoots = await roots
outcomes.push(missingRoots ? notRun('install', missingRoots, isCi) : await runVitest('install', ['install']))
// A suite that is broken today says nothing of this tree: it is reported, and fails nobody.
const missingMovingRoot = await movingRoot
const moving = `install (${MOVING_SUITE})`
outcomes.push(missingMovingRoot ? notRun(moving, missingMovingRoot, false) : await runVitest(moving, [MOVING_SUITE]))

process.exitCode = summarize(outcomes).failed > 0 ? 1 : 0
