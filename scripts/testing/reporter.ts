// What `npm test` wants to know of a vitest process: how many tests passed, and of every other one why, with the
// difference that was found. Vitest's own JSON has no differences, and no errors outside a test.
import { writeFileSync } from 'node:fs'
import type { Reporter, SerializedError, TestModule } from 'vitest/node'

/** In the environment of a vitest process: the file this reporter writes, a JSON RunReport. */
export const REPORT_FILE_VARIABLE = 'DISTROPACK_TEST_REPORT'

export interface RunReport {
  readonly passed: number
  readonly skipped: number
  /** Tests, files that could not run, and errors outside both. */
  readonly failures: readonly Failure[]
}

export interface Failure {
  /** A test by its file and full name. */
  readonly name: string
  readonly message: string
}

const explain = ({ message, diff, stacks }: SerializedError & { readonly stacks?: readonly object[] }): string => {
  const [place] = (stacks ?? []) as readonly { readonly file: string; readonly line: number }[]
  return [message, diff, place && `at ${place.file}:${place.line}`].filter(Boolean).join('\n')
}

const failure = (name: string, errors: readonly SerializedError[]): Failure[] =>
  errors.length > 0 ? [{ name, message: errors.map(explain).join('\n\n') }] : []

const failuresOf = (module: TestModule): readonly Failure[] => {
  const path = module.relativeModuleId
  return [
    ...failure(path, module.errors()),
    ...[...module.children.allSuites()].flatMap((suite) => failure(`${path} > ${suite.fullName}`, suite.errors())),
    ...[...module.children.allTests('failed')].flatMap((test) =>
      failure(`${path} > ${test.fullName}`, test.result().errors ?? []),
    ),
  ]
}

const count = (modules: readonly TestModule[], state: 'passed' | 'skipped'): number =>
  modules.reduce((sum, module) => sum + [...module.children.allTests(state)].length, 0)

/** Writes a RunReport to this file when the run ends. */
export const runReporter = (file: string): Reporter => ({
  onTestRunEnd(modules, unhandled) {
    const outside = unhandled.flatMap((error) => failure('outside any test', [error]))
    const report: RunReport = {
      passed: count(modules, 'passed'),
      skipped: count(modules, 'skipped'),
      failures: [...modules.flatMap(failuresOf), ...outside],
    }
    writeFileSync(file, JSON.stringify(report))
  },
})
