// Programs as one ES module each, kept until their source changes: the Workers as `wrangler deploy` would bundle them,
// and the programs of Node that a platform starts, which load in a third of the time.
import { builtinModules } from 'node:module'
import { basename, dirname, join, relative, resolve } from 'node:path'
import type { BuildOptions, Plugin } from 'esbuild'
import { type Kept, keep, type Made } from './bundle-cache.ts'
import { ROOT } from './root.ts'

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

const WORKER = {
  platform: 'neutral',
  target: 'es2024',
  mainFields: ['workerd', 'module', 'main'],
  // The conditions wrangler resolves with, in its order.
  conditions: ['workerd', 'worker', 'browser', 'import'],
  external: ['cloudflare:*', 'node:*', ...builtinModules],
  define: { 'process.env.NODE_ENV': '"production"' },
} satisfies BuildOptions

const PROGRAM = {
  platform: 'node',
  target: 'node22',
  // Native code stays where npm put it.
  external: ['@napi-rs/*'],
  // What a command imports when it runs stays a file of its own.
  splitting: true,
  outExtension: { '.js': '.mjs' },
} satisfies BuildOptions

/**
 * What decides besides the source itself: this file, what npm installed, where packages say their files are, and the
 * compiler's settings; also where there is none yet.
 */
const settingsOf = (inputs: readonly string[]): readonly string[] => {
  const folders = new Set<string>()
  for (const input of inputs) {
    for (let folder = dirname(input); !folders.has(folder); folder = dirname(folder)) folders.add(folder)
  }
  const own = [...folders].filter((folder) => !folder.startsWith('node_modules'))
  return [
    relative(ROOT, import.meta.filename),
    'node_modules/.package-lock.json',
    ...[...folders].map((folder) => join(folder, 'package.json')),
    ...own.map((folder) => join(folder, 'tsconfig.json')),
  ]
}

const nameOf = (entry: string): string => entry.replaceAll('/', '-')

const bundle = async (entry: string, options: BuildOptions): Promise<Made> => {
  const { build } = await import('esbuild')
  const { outputFiles = [], metafile } = await build({
    ...options,
    absWorkingDir: ROOT,
    entryPoints: { [nameOf(entry)]: entry },
    outdir: '.',
    bundle: true,
    write: false,
    metafile: true,
    format: 'esm',
    plugins: [requiredBuiltins],
    // No source map: workerd does not read it, and Miniflare copies a bundle's text for every few kB it adds behind.
    logLevel: 'silent',
  })
  // `required-builtin:fs` is no file.
  const source = Object.keys(metafile?.inputs ?? {}).filter((input) => !/^[\w()-]{2,}:/.test(input))
  const whole = outputFiles.find(({ path }) => basename(path).startsWith(`${nameOf(entry)}.`))
  const parts = outputFiles.filter((file) => file !== whole).map(({ path, text }) => [basename(path), text])
  return { text: whole?.text ?? '', inputs: [...source, ...settingsOf(source)], parts: Object.fromEntries(parts) }
}

const bundled = (entry: string, options: BuildOptions): Promise<Kept> => {
  const path = relative(ROOT, resolve(ROOT, entry))
  return keep({ name: `${nameOf(path)}.mjs`, make: () => bundle(path, options) })
}

/**
 * A Worker's text; `entry` is absolute or below ROOT. Fails with esbuild's own message: file, line and what it could
 * not resolve.
 */
export const bundleWorker = async (entry: string): Promise<string> => (await bundled(entry, WORKER)).text

/** A file to run with Node in place of `entry`, below ROOT: the bundle, or `entry` itself where none could be kept. */
export const bundleProgram = async (entry: string): Promise<string> =>
  (await bundled(entry, PROGRAM)).file ?? join(ROOT, entry)
