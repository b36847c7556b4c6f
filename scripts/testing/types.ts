// The type checker, which keeps what it learnt where it may: a clone that is another user's has no such place.
import { join } from 'node:path'
import { type Outcome, runChecker } from './steps.ts'
import { isWritable } from './writable.ts'

const CACHE = join(import.meta.dirname, '../../node_modules/.cache/typescript')

/** tsc ends with an error (TS5033) when it cannot write its notes, however sound the types are. */
export const checkTypes = (title: string, project: string): Promise<Outcome> => {
  const notes = join(CACHE, `${project === '.' ? 'node' : project}.tsbuildinfo`)
  const options = isWritable(notes) ? ['--incremental', '--tsBuildInfoFile', notes] : []
  return runChecker(title, 'tsc', '--noEmit', '-p', project, ...options)
}
