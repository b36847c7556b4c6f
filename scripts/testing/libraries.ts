// The web Worker's libraries, for its tests to load in few files: more than a thousand modules, sent to workerd one by
// one, took longer than most test files. Vite keeps what it made until package-lock.json or its configuration changes.
import { join } from 'node:path'
import { ROOT } from '../platform/root.ts'
import { isWritable } from './writable.ts'

/** CommonJS that requires modules of Node by their bare names, which rolldown does not find for a Worker. */
const UNFIT: ReadonlySet<string> = new Set(['busboy'])

const isOfRuntime = (name: string): boolean => /^(?:node|cloudflare|workerd):/.test(name)

/** A rolldown plugin. */
const leaveRuntime = {
  name: 'leave-runtime',
  resolveId: {
    order: 'pre' as const,
    handler: (name: string) => (isOfRuntime(name) ? { id: name, external: true } : undefined),
  },
}

/**
 * Vitest's deps.optimizer.ssr. `imported`: all that the Worker's source names of other people's, for two copies of one
 * library would not know each other's classes. Where nothing can be kept, modules come one by one.
 */
export const bundledLibraries = (imported: readonly string[]) => ({
  enabled: isWritable(join(ROOT, 'node_modules/.vite')),
  include: [...new Set(imported)].filter((name) => !isOfRuntime(name) && !UNFIT.has(name)).sort(),
  rolldownOptions: { plugins: [leaveRuntime] },
})
