// Slash-separated paths without a file system: Go's path/filepath on Linux, which nFPM's rules are written in.

/** A part that is empty, `.` or `..`: what most paths do not have. */
const UNCLEAN = /(?:^|\/)\.{0,2}(?:\/|$)/

const isClean = (path: string): boolean => !UNCLEAN.test(path.startsWith('/') ? path.slice(1) : path)

/** filepath.Clean: no `.`, no inner `..`, no double or trailing slash; `.` for nothing. */
export const clean = (path: string): string => (isClean(path) ? path : cleaned(path))

const cleaned = (path: string): string => {
  const isAbsolute = path.startsWith('/')
  const parts: string[] = []
  for (const part of path.split('/')) {
    if (part === '' || part === '.') continue
    if (part !== '..') parts.push(part)
    else if (parts.length > 0 && parts.at(-1) !== '..') parts.pop()
    else if (!isAbsolute) parts.push('..')
  }
  return (isAbsolute ? '/' : '') + parts.join('/') || '.'
}

/** filepath.Join: empty parts are left out. */
export const join = (...parts: readonly string[]): string => {
  const present = parts.filter((part) => part !== '')
  return present.length === 0 ? '' : clean(present.join('/'))
}

/** filepath.Dir */
export const dirname = (path: string): string => {
  const slash = path.lastIndexOf('/')
  return slash === -1 ? '.' : clean(path.slice(0, slash + 1))
}

/** filepath.Base */
export const basename = (path: string): string => clean(path).split('/').at(-1) || '/'

/** filepath.Rel for a target at or below the base. */
export const relative = (base: string, target: string): string => {
  const from = clean(base)
  const to = clean(target)
  if (from === to) return '.'
  if (from === '.') return to
  const prefix = from === '/' ? '/' : `${from}/`
  if (!to.startsWith(prefix)) throw new Error(`${target} is not below ${base}`)
  return to.slice(prefix.length)
}

/** An installed path: absolute, clean. Go cannot climb above `/`, so neither can this; see climbsOut. */
export const installed = (path: string): string => clean(`/${path}`)

/** Does the path, read from `/`, try to leave it? */
export const climbsOut = (path: string): boolean => {
  if (!path.includes('..')) return false
  let depth = 0
  for (const part of path.split('/')) {
    if (part === '' || part === '.') continue
    depth += part === '..' ? -1 : 1
    if (depth < 0) return true
  }
  return false
}

/** Every folder above an installed path, outermost first, without `/`. */
export const parents = (path: string): readonly string[] => {
  const parts = path.split('/').slice(1, -1)
  return parts.map((_, index) => `/${parts.slice(0, index + 1).join('/')}`)
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must be found
export const hasControlCharacters = (text: string): boolean => /[\u0000-\u001f\u007f]/.test(text)
