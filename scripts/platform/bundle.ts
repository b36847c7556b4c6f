// One Worker as one ES module, as `wrangler deploy` would bundle it. Node's modules and Cloudflare's stay imports.

import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { builtinModules } from 'node:module'
import { join } from 'node:path'
import { build, type Plugin } from 'esbuild'

/**
 * CommonJS asks for Node's modules with `require`, which an ES module has not: wrangler gives it an import in its place,
 * and so does this.
 */
const requiredBuiltins: Plugin = {
  name: 'required-builtins',
  setup({ onResolve, onLoad }) {
    const names = new Set(builtinModules)
    onResolve({ filter: /^(?:node:)?[a-z0-9_/]+$/ }, ({ path, kind }) => {
      const name = path.replace(/^node:/, '')
      return kind === 'require-call' && names.has(name) ? { path: name, namespace: 'required-builtin' } : undefined
    })
    onLoad({ filter: /./, namespace: 'required-builtin' }, ({ path }) => ({
      contents: `import whole from 'node:${path}'\nmodule.exports = whole`,
      loader: 'js',
    }))
  },
}

const bundle = async (entry: string): Promise<string> => {
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
    plugins: [requiredBuiltins],
    define: { 'process.env.NODE_ENV': '"production"' },
    // No source map: workerd does not read it, and Miniflare copies a bundle's text for every few kB it adds behind.
    logLevel: 'silent',
  })
  return result.outputFiles[0]?.text ?? ''
}

/**
 * The bundle's text. Fails with esbuild's own message: file, line and what it could not resolve.
 * DISTROPACK_BUNDLES: a folder in which the first of many processes leaves it for the others. `npm test` names one for
 * its own time: a score of platforms start in it, and none changes the source.
 */
export const bundleWorker = async (entry: string): Promise<string> => {
  const folder = process.env.DISTROPACK_BUNDLES
  if (!folder) return bundle(entry)
  const file = join(folder, `${entry.replaceAll('/', '-')}.mjs`)
  if (existsSync(file)) return readFileSync(file, 'utf8')
  const text = await bundle(entry)
  const draft = `${file}.${process.pid}`
  writeFileSync(draft, text)
  renameSync(draft, file)
  return text
}
