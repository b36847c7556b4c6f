#!/usr/bin/env node
// Each thread of the pool keeps an xz encoder's memory for itself; read when the pool starts.
process.env.UV_THREADPOOL_SIZE ??= '1'
await import('../main.ts')
