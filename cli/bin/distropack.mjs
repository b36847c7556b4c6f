#!/usr/bin/env node
import module from 'node:module'
import { join } from 'node:path'

const { env } = process
// Compiled code is kept, which halves the start. In the user's own folder, not in the /tmp that Node would take:
// whoever writes there decides what runs here.
const cacheHome = env.XDG_CACHE_HOME || (env.HOME && join(env.HOME, '.cache'))
if (cacheHome) module.enableCompileCache?.(join(cacheHome, 'distropack/compiled'))

// Each thread of the pool keeps an xz encoder's memory for itself; read when the pool starts.
env.UV_THREADPOOL_SIZE ??= '1'
await import('../main.ts')
