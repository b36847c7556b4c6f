// What a folder's own files say of the program in it: the words a manifest begins with.
import { readFile } from 'node:fs/promises'
import { basename, resolve } from 'node:path'

export interface Detected {
  /** The file it was read from. */
  readonly from: string
  readonly name?: string
  readonly version?: string
  readonly description?: string
  readonly homepage?: string
  readonly license?: string
  readonly maintainer?: string
  /** The finished program, where that build tool leaves it; `${arch}` as the tool spells it is not guessed. */
  readonly program?: string
  /** What makes the program, said in a comment. */
  readonly buildWith?: string
}

type Read = (text: string) => Partial<Detected>

/** A basic string has JSON's escapes, and some that JSON has not; a literal one has none. */
const unquoted = (text: string): string => {
  if (text.startsWith("'")) return text.slice(1, -1)
  try {
    return JSON.parse(text) as string
  } catch {
    return text.slice(1, -1)
  }
}

/** `key = "value"` of one table of a TOML file; what these files need of TOML, and no more. */
const tomlValues = (text: string, table: string): Readonly<Record<string, string>> => {
  const values: Record<string, string> = {}
  let isWanted = false
  for (const line of text.split(/\r?\n/)) {
    const [, head] = /^\s*\[([^\]]+)\]/.exec(line) ?? []
    if (head !== undefined) isWanted = head.trim() === table
    const [, key, value] = /^\s*([\w-]+)\s*=\s*("(?:[^"\\]|\\.)*"|'[^']*')/.exec(line) ?? []
    if (isWanted && key && value) values[key] = unquoted(value)
  }
  return values
}

const given = (fields: Readonly<Record<string, string | undefined>>): Partial<Detected> =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value))

const readCargo: Read = (text) => {
  const { name, version, description, homepage, repository, license } = tomlValues(text, 'package')
  return given({
    name,
    version,
    description,
    homepage: homepage ?? repository,
    license,
    program: name && `target/release/${name}`,
    buildWith: 'cargo build --release',
  })
}

const readGoModule: Read = (text) => {
  const [, module = ''] = /^module\s+(\S+)/m.exec(text) ?? []
  // `…/v2` is the module's major version, not its name.
  const name = basename(module.replace(/\/v\d+$/, ''))
  const homepage = /^(github\.com|gitlab\.com|codeberg\.org)\//.test(module)
    ? `https://${module.split('/').slice(0, 3).join('/')}`
    : undefined
  return given({ name, homepage, program: name, buildWith: `CGO_ENABLED=0 go build -o ${name} .` })
}

const textField = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined)

const readNpm: Read = (text) => {
  const file = JSON.parse(text) as Readonly<Record<string, unknown>>
  const { author } = file
  const maintainer =
    typeof author === 'object' && author !== null
      ? `${textField((author as { name?: unknown }).name) ?? ''} <${textField((author as { email?: unknown }).email) ?? ''}>`
      : textField(author)
  const name = textField(file.name)?.replace(/^@[^/]+\//, '')
  return given({
    name,
    version: textField(file.version),
    description: textField(file.description),
    homepage: textField(file.homepage),
    license: textField(file.license),
    maintainer: maintainer?.includes('@') ? maintainer.replace(/\s*\(.*\)$/, '') : undefined,
  })
}

const readPyproject: Read = (text) => {
  const { name, version, description } = tomlValues(text, 'project')
  const { Homepage, homepage, Repository } = tomlValues(text, 'project.urls')
  return given({ name, version, description, homepage: Homepage ?? homepage ?? Repository })
}

const readMakefile: Read = (text) =>
  /^install\s*:/m.test(text)
    ? { buildWith: 'make && make install DESTDIR="$PWD/stage" PREFIX=/usr' }
    : { buildWith: 'make' }

const READERS: readonly (readonly [file: string, read: Read])[] = [
  ['Cargo.toml', readCargo],
  ['go.mod', readGoModule],
  ['package.json', readNpm],
  ['pyproject.toml', readPyproject],
  ['Makefile', readMakefile],
]

/** Manifests that are there already: nFPM's works as it is; goreleaser's packages can be pushed. */
export const READY_MADE: Readonly<Record<string, string>> = {
  'distropack.yaml': 'is a manifest already: `distropack validate` reads it',
  'distropack.yml': 'is a manifest already: `distropack validate` reads it',
  'nfpm.yaml': 'is a manifest already: `distropack validate` reads it',
  'nfpm.yml': 'is a manifest already: `distropack validate` reads it',
  '.goreleaser.yaml': 'makes packages already: `distropack push dist/*.deb dist/*.rpm` publishes them',
  '.goreleaser.yml': 'makes packages already: `distropack push dist/*.deb dist/*.rpm` publishes them',
}

const readText = async (path: string): Promise<string | undefined> => {
  try {
    return await readFile(path, 'utf8')
  } catch {
    return undefined
  }
}

export const readyMadeIn = async (folder: string): Promise<readonly string[]> => {
  const names = Object.keys(READY_MADE)
  const texts = await Promise.all(names.map((name) => readText(resolve(folder, name))))
  return names.filter((_, index) => texts[index] !== undefined)
}

/** The first of the files that says something; a damaged one says nothing. */
export const detect = async (folder: string): Promise<Detected> => {
  for (const [file, read] of READERS) {
    const text = await readText(resolve(folder, file))
    if (text === undefined) continue
    try {
      return { from: file, ...read(text) }
    } catch {
      // Not what its name says.
    }
  }
  return { from: 'nothing' }
}
