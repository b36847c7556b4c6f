// Compiled code is kept, here and in the programs started from here. Loaded before all else: what is imported beside it
// is compiled first.
import module from 'node:module'
import { join } from 'node:path'
import { ROOT } from './root.ts'

process.env.NODE_COMPILE_CACHE ??= join(ROOT, 'node_modules/.cache/compiled')
module.enableCompileCache(process.env.NODE_COMPILE_CACHE)
