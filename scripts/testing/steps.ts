// One part of `npm test`: run it, count it, and say in the end what passed, what failed and what did not run.
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Failure, REPORT_FILE_VARIABLE, type RunReport } from './reporter.ts'

export interface Outcome {
  readonly title: string
  readonly passed: number
  readonly failed: number
  readonly seconds: number
  /** Why it did not run, or what broke outside any one test. */
  readonly remark?: string
  /** What is said again at the very end, where somebody who sees only that finds it. */
  readonly failures?: readonly Failure[]
}

/** No part takes half of this; a runner that cannot end, for something it waits for, must not hang the command. */
const TIME_LIMIT_MS = 40 * 60_000
/** Of one failure, at the end; all of it stands in its part's own output. */
const MESSAGE_LINES = 30
/** As timeout(1) says it. */
const TIMED_OUT = 124
/** As a shell says SIGTERM. */
const INTERRUPTED = 143

interface Running {
  readonly environment?: Readonly<Record<string, string>>
  /** nice(1): 0 is everybody's, 19 takes what nobody else wants. */
  readonly niceness?: number
}

interface Ended {
  readonly status: number
  readonly output: string
}

const children = new Set<ChildProcess>()
let isInterrupted = false
// A signal to this process alone, as npm passes one on, ends what it started, and nothing more is begun.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.once(signal, () => {
    isInterrupted = true
    for (const child of children) child.kill('SIGTERM')
  })
}

/** What it prints is shown when it has ended, in one piece: several run at once. */
const run = (
  title: string,
  command: string,
  args: readonly string[],
  { environment = {}, niceness = 0 }: Running = {},
): Promise<Ended> =>
  new Promise((resolve) => {
    if (isInterrupted) return resolve({ status: INTERRUPTED, output: 'interrupted' })
    const child = spawn('nice', ['-n', String(niceness), command, ...args], {
      env: { ...process.env, ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    children.add(child)
    let output = ''
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        output += text
      })
    }
    let isLate = false
    const timer = setTimeout(() => {
      isLate = true
      child.kill('SIGKILL')
    }, TIME_LIMIT_MS)
    const end = (status: number): void => {
      clearTimeout(timer)
      children.delete(child)
      console.log(`\n── ${title}\n${output.trim()}`)
      resolve({ status, output: output.trim() })
    }
    child.once('error', (error) => {
      output += error.message
      end(127)
    })
    child.once('close', (status) => end(isLate ? TIMED_OUT : (status ?? 1)))
  })

const timed = async <T>(work: () => Promise<T>): Promise<{ value: T; seconds: number }> => {
  const startedAtMs = performance.now()
  const value = await work()
  return { value, seconds: (performance.now() - startedAtMs) / 1000 }
}

/** A checker that says yes or no counts as one test. */
export const runChecker = async (title: string, command: string, ...args: readonly string[]): Promise<Outcome> => {
  const { value, seconds } = await timed(() => run(title, command, args))
  return value.status === 0
    ? { title, passed: 1, failed: 0, seconds }
    : { title, passed: 0, failed: 1, seconds, failures: [{ name: title, message: value.output }] }
}

const readReport = (file: string): RunReport | undefined => {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as RunReport
  } catch {
    return undefined
  }
}

interface VitestRun {
  readonly title: string
  readonly projects: readonly string[]
  readonly options?: readonly string[]
  readonly niceness?: number
}

export const runVitest = async ({ title, projects, options = [], niceness = 0 }: VitestRun): Promise<Outcome> => {
  const folder = mkdtempSync(join(tmpdir(), 'distropack-report-'))
  const file = join(folder, 'report.json')
  // Read as it stands: bundling it first would write into node_modules, which may be another user's.
  const loader = ['--configLoader', 'native']
  const args = ['run', ...loader, ...projects.flatMap((name) => ['--project', name]), '--passWithNoTests', ...options]
  const { value: ended, seconds } = await timed(() =>
    run(title, 'vitest', args, { environment: { [REPORT_FILE_VARIABLE]: file }, niceness }),
  )
  const report = readReport(file)
  rmSync(folder, { recursive: true })
  const lastWords = [{ name: title, message: ended.output.split('\n').slice(-MESSAGE_LINES).join('\n') }]
  if (!report) {
    const what =
      ended.status === TIMED_OUT ? `did not end within ${TIME_LIMIT_MS / 60_000} minutes` : `ended with ${ended.status}`
    return { title, passed: 0, failed: 1, seconds, failures: lastWords, remark: `vitest ${what} and left no report` }
  }
  const { passed, skipped, failures } = report
  // A file that fails to load, an unhandled error, a skipped test: none may look like success.
  const hidden = failures.length === 0 && ended.status !== 0 ? 1 : 0
  const remarks = [
    ...(hidden ? ['vitest failed outside a test'] : []),
    ...(skipped ? [`${skipped} skipped, which is not allowed`] : []),
  ]
  const failed = failures.length + hidden + skipped
  const said = hidden ? lastWords : failures
  return {
    title,
    passed,
    failed,
    seconds,
    failures: said,
    ...(remarks.length > 0 ? { remark: remarks.join('; ') } : {}),
  }
}

export const notRun = (title: string, remark: string, isFailure: boolean): Outcome => ({
  title,
  passed: 0,
  failed: isFailure ? 1 : 0,
  seconds: 0,
  remark,
})

const lineOf = ({ title, passed, failed, seconds, remark }: Outcome, width: number): string => {
  const didRun = passed + failed > 0 || !remark
  const counts = didRun ? `${passed} passed, ${failed} failed` : 'did not run'
  return `${title.padEnd(width)} ${counts.padEnd(24)} ${seconds.toFixed(1).padStart(6)} s${remark ? `  ${remark}` : ''}`
}

const sayFailure = ({ name, message }: Failure): string => {
  const lines = message.split('\n')
  const left = lines.length - MESSAGE_LINES
  const shown = left > 0 ? [...lines.slice(0, MESSAGE_LINES), `… ${left} lines more, above`] : lines
  return `\n✗ ${name}\n${shown.map((line) => `  ${line}`).join('\n')}`
}

/** Prints failures, the table and, as the last line, the sum. Parts ran beside each other: their seconds do not add up. */
export const summarize = (outcomes: readonly Outcome[], seconds: number): { readonly failed: number } => {
  const sum = (key: 'passed' | 'failed'): number => outcomes.reduce((total, outcome) => total + outcome[key], 0)
  const width = Math.max(14, ...outcomes.map(({ title }) => title.length))
  const failures = outcomes.flatMap((outcome) => outcome.failures ?? [])
  for (const failure of failures) console.log(sayFailure(failure))
  console.log(`\n${outcomes.map((outcome) => lineOf(outcome, width)).join('\n')}\n\nin ${seconds.toFixed(0)} s`)
  console.log(`${sum('passed')} passed, ${sum('failed')} failed`)
  return { failed: sum('failed') }
}
