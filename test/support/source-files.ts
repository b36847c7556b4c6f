// The repository's own source files and what they import, for tests about the source itself.
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { ROOT } from '../../scripts/platform/root.ts'

export interface SourceFile {
  /** From the repository's root: `core/format.ts`. */
  readonly path: string
  /** Without comments. */
  readonly code: string
}

/** Line comments stand at a line's start or after a space; block comments do not occur inside strings here. */
const withoutComments = (text: string): string =>
  text.replace(/^\s*\/\*[\s\S]*?\*\/|\s\/\*[^'"`]*?\*\//gm, '').replace(/(^|\s)\/\/.*$/gm, '$1')

/** GitHub runs it from the repository; action/bundle.test.ts holds it against its sources. */
const isBundle = (path: string): boolean => path.startsWith('action/dist/')

const isTest = (path: string): boolean => /\.test\.ts$|^test\/|^core\/formats\/[^/]+\/testing\//.test(path)

/** Listing files runs nothing of the repository, so it may be another user's, as a folder mounted into a container is. */
const GIT = ['-c', 'safe.directory=*']

/** Tracked files and new ones, never what git ignores. */
export const readSources = (): readonly SourceFile[] =>
  execFileSync('git', [...GIT, 'ls-files', '--cached', '--others', '--exclude-standard', '*.ts', '*.tsx', '*.mjs'], {
    cwd: ROOT,
    encoding: 'utf8',
  })
    .split('\n')
    .filter((path) => path !== '' && !isTest(path) && !isBundle(path) && !path.endsWith('.config.ts'))
    .map((path) => ({ path, code: withoutComments(readFileSync(join(ROOT, path), 'utf8')) }))

const WORKSPACES: readonly (readonly [prefix: string, folder: string])[] = [
  ['@distropack/core/', 'core/'],
  ['@distropack/packager/', 'containers/packager/'],
]

/** Paths from the root for this repository's files, `npm:…` for everything else (`npm:node:fs`, `npm:zod`). */
export const importsOf = ({ path, code }: SourceFile): readonly string[] =>
  [...code.matchAll(/(?:\bfrom|\bimport)\s*\(?\s*['"]([^'"\n]+)['"]/g)].map(([, name = '']) => {
    if (name.startsWith('.')) return normalize(join(dirname(path), name))
    const workspace = WORKSPACES.find(([prefix]) => name.startsWith(prefix))
    return workspace ? workspace[1] + name.slice(workspace[0].length) : `npm:${name}`
  })
