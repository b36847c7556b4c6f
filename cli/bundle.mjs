// The command line as one file, cli/dist/distropack.mjs, with everything in it that may be, and the notices of whose work
// that is; the GitHub Action likewise. Plain JavaScript: it also runs where a checkout is used with a Node that reads no
// TypeScript.
import { mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs'
import { builtinModules } from 'node:module'
import { join } from 'node:path'
import { writeNotices } from './notices.mjs'

const ROOT = join(import.meta.dirname, '..')
const DIST = join(import.meta.dirname, 'dist')
const PROGRAM = join(DIST, 'distropack.mjs')
/** What the bundle was made of: path below ROOT -> when the file was last changed. */
const INPUTS = join(DIST, 'inputs.json')
/** Change what is bundled though no source names them; the last stands for all that npm installed. */
const SETTINGS = ['LICENSE', 'tsconfig.json', 'cli/bundle.mjs', 'cli/notices.mjs', 'node_modules/.package-lock.json']

/**
 * Native code cannot be in it. openpgp stays beside it as the LGPL asks: whoever has the program can put another openpgp
 * in its place. Both are dependencies in package.json.
 */
const BESIDE = ['@napi-rs/lzma', 'openpgp']

/**
 * What is not in the bundle is loaded when code that needs it runs, not when the program starts: an ES module's own
 * imports would all be loaded first. It also makes what an older Node lacks (zlib's zstd) undefined, not an error at the start.
 */
const loadedWhenNeeded = {
  name: 'loaded-when-needed',
  setup({ onResolve, onLoad }) {
    const builtins = new Set(builtinModules)
    const namespace = 'loaded-when-needed'
    onResolve({ filter: /^(?:node:.+|[a-z0-9_/]+|@napi-rs\/lzma|openpgp)$/ }, ({ path }) => {
      if (BESIDE.includes(path) || path.startsWith('node:')) return { path, namespace }
      return builtins.has(path) ? { path: `node:${path}`, namespace } : undefined
    })
    onLoad({ filter: /./, namespace }, ({ path }) => ({
      contents: `module.exports = requireBeside(${JSON.stringify(path)})`,
      loader: 'js',
    }))
  },
}

/** Not the time of modification, which git, npm and rsync set as they like; no program sets this one. */
const changedAt = (path) => statSync(`${ROOT}/${path}`, { throwIfNoEntry: false })?.ctimeMs ?? 0

/** Under another name first: two programs may do it at once, and a third run what is there. */
const write = (path, text) => {
  const unfinished = `${path}.${process.pid}.unfinished`
  writeFileSync(unfinished, text)
  renameSync(unfinished, path)
}

/**
 * A program as one file of text, with the notices and the paths below ROOT of what went in. The same sources give the same
 * bytes.
 */
export const bundleFile = async (entry) => {
  const { build } = await import('esbuild')
  const { outputFiles, metafile } = await build({
    absWorkingDir: ROOT,
    entryPoints: [entry],
    outfile: PROGRAM,
    bundle: true,
    write: false,
    metafile: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    plugins: [loadedWhenNeeded],
    // A megabyte less to read at each start; names stay, for whoever reports where it failed.
    minifySyntax: true,
    minifyWhitespace: true,
    legalComments: 'none',
    banner: {
      js: "import { createRequire as requireFrom } from 'node:module';\nconst requireBeside = requireFrom(import.meta.url);",
    },
    logLevel: 'warning',
  })
  const inputs = Object.keys(metafile.inputs).filter((path) => !path.startsWith('loaded-when-needed:'))
  return { text: outputFiles[0].text, notices: writeNotices(ROOT, inputs), inputs }
}

const bundle = async () => {
  const { text, notices, inputs } = await bundleFile('cli/main.ts')
  const own = inputs.filter((path) => !path.startsWith('node_modules/'))
  const changes = Object.fromEntries([...own, ...SETTINGS].map((path) => [path, changedAt(path)]))
  mkdirSync(DIST, { recursive: true })
  write(join(DIST, 'LICENSE'), readFileSync(join(ROOT, 'LICENSE')))
  write(join(DIST, 'THIRD-PARTY-NOTICES.txt'), notices)
  write(PROGRAM, text)
  write(INPUTS, JSON.stringify(changes))
}

const isFresh = () => {
  try {
    return Object.entries(JSON.parse(readFileSync(INPUTS, 'utf8'))).every(([path, at]) => changedAt(path) === at)
  } catch {
    return false
  }
}

/** Makes the bundle where there is none, or a source changed since. Returns the program to run, as an address to import. */
export const ensureBundle = async () => {
  try {
    if (!isFresh()) await bundle()
  } catch (error) {
    // Somebody else's checkout: it can be read only, and its sources do as well where Node reads TypeScript.
    if (!['EACCES', 'EPERM', 'EROFS'].includes(error.code)) throw error
    return new URL(process.features.typescript ? 'main.ts' : 'dist/distropack.mjs', import.meta.url).href
  }
  return new URL('dist/distropack.mjs', import.meta.url).href
}

if (process.argv[1] === import.meta.filename) await bundle()
