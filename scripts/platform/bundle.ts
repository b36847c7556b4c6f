// One Worker as one ES module, as `wrangler deploy` would bundle it. Node's modules and Cloudflare's stay imports.

import { builtinModules } from 'node:module'
import { build } from 'esbuild'

/** The bundle's text. Fails with esbuild's own message: file, line and what it could not resolve. */
export const bundleWorker = async (entry: string): Promise<string> => {
  const result = await build({
    entryPoints: [entry],
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'neutral',
    target: 'es2024',
    mainFields: ['workerd', 'module', 'main'],
    // The conditions wrangler resolves with, in its order.
    conditions: ['workerd', 'worker', 'browser', 'import'],
    external: ['cloudflare:*', 'node:*', ...builtinModules],
    define: { 'process.env.NODE_ENV': '"production"' },
    sourcemap: 'inline',
    // Stack traces want lines, not texts: half of 10 MB less for every start to read.
    sourcesContent: false,
    logLevel: 'silent',
  })
  return result.outputFiles[0]?.text ?? ''
}
