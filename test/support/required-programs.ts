// Programs tests need beside Node. A missing one fails the file and says what to install; nothing is skipped in here:
// `npm test` reads these calls, and leaves out and reports what this machine cannot run (scripts/testing/gate.ts).
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { PROGRAMS, type Program } from '../../scripts/testing/programs.ts'

const isThere = (name: Program): boolean =>
  name.startsWith('/') ? existsSync(name) : spawnSync('sh', ['-c', 'command -v "$0"', name]).status === 0

export const requirePrograms = (...names: readonly Program[]): void => {
  const missing = names.filter((name) => !isThere(name))
  if (missing.length === 0) return
  const packages = missing.flatMap((name) => PROGRAMS[name]).join(' ')
  throw new Error(`${missing.join(', ')} must be there for these tests: apt-get install ${packages}`)
}
