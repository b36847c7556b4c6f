// What `npm pack` makes of this folder, installed elsewhere by npm, run by every Node that is here.
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const ROOT = join(import.meta.dirname, '..')
const CHECKOUT_PATHS = (process.env.PATH ?? '').split(delimiter)
/** As the user has it: npm puts the checkout's own folder of programs, and its Node, in front. */
const USERS_PATH = CHECKOUT_PATHS.filter((folder) => !folder.includes('node_modules')).join(delimiter)

/** This one, and the user's own where that is another. */
const nodesHere = (): readonly string[] => {
  const asked = spawnSync('node', ['-p', 'process.execPath'], { env: { PATH: USERS_PATH }, encoding: 'utf8' })
  return [...new Set([process.execPath, asked.stdout?.trim() ?? ''].filter(Boolean))]
}

interface LockEntry {
  readonly integrity?: string
  readonly dependencies?: Readonly<Record<string, string>>
  readonly optionalDependencies?: Readonly<Record<string, string>>
}

/** What the checkout was installed from: npm has those files, or knows how to get just them. */
const lockedTree = (names: readonly string[]): Record<string, LockEntry> => {
  const { packages } = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8'))
  const tree: Record<string, LockEntry> = {}
  const add = (folder: string, name: string): void => {
    const path = [`${folder}/node_modules/${name}`, `node_modules/${name}`].find((place) => packages[place])
    if (!path) throw new Error(`the lock has no ${name}`)
    if (tree[path]) return
    const { dev: _, ...entry }: LockEntry & { readonly dev?: boolean } = packages[path]
    tree[path] = entry
    for (const needed of Object.keys({ ...entry.dependencies, ...entry.optionalDependencies })) add(path, needed)
  }
  for (const name of names) add('', name)
  return tree
}

let room: string
const run = (node: string, ...args: readonly string[]) =>
  spawnSync(node, [join(room, 'node_modules/.bin/distropack'), ...args], {
    cwd: room,
    env: { PATH: USERS_PATH, HOME: room, LC_ALL: 'C.UTF-8' },
    encoding: 'utf8',
  })

const pack = (): string => {
  execFileSync('npm', ['pack', '--pack-destination', room, '--loglevel=error'], { cwd: join(ROOT, 'cli') })
  const [tarball] = readdirSync(room).filter((name) => name.endsWith('.tgz'))
  if (!tarball) throw new Error('npm pack made nothing')
  return tarball
}

beforeAll(() => {
  room = mkdtempSync(join(tmpdir(), 'packed-'))
  const tarball = pack()
  const { name, version, dependencies, bin } = JSON.parse(readFileSync(join(ROOT, 'cli/package.json'), 'utf8'))
  const wanted = { [name]: `file:${tarball}` }
  const own = { version, resolved: `file:${tarball}`, dependencies, bin }
  const lock = {
    lockfileVersion: 3,
    packages: {
      '': { dependencies: wanted },
      [`node_modules/${name}`]: own,
      ...lockedTree(Object.keys(dependencies)),
    },
  }
  writeFileSync(join(room, 'package.json'), JSON.stringify({ private: true, dependencies: wanted }))
  writeFileSync(join(room, 'package-lock.json'), JSON.stringify(lock))
  execFileSync('npm', ['ci', '--prefer-offline', '--ignore-scripts', '--loglevel=error'], { cwd: room })
  mkdirSync(join(room, 'files'))
  writeFileSync(join(room, 'files/tool'), '#!/bin/sh\necho it works\n')
  writeFileSync(
    join(room, 'nfpm.yaml'),
    [
      'name: tool',
      'arch: all',
      'version: 1.2.3',
      'maintainer: Ada <ada@example.org>',
      'description: A tool.',
      'contents:',
      '  - { src: files/tool, dst: /usr/bin/tool, file_info: { mode: 0755 } }',
    ].join('\n'),
  )
})
afterAll(() => rmSync(room, { recursive: true, force: true }))

describe('the packed command line', () => {
  it('holds the program, the licences of what it contains, and no source', () => {
    const folder = join(room, 'node_modules/distropack')
    expect(readdirSync(folder).sort()).toEqual(['README.md', 'bin', 'dist', 'package.json'])
    expect(readdirSync(join(folder, 'dist')).sort()).toEqual(['LICENSE', 'THIRD-PARTY-NOTICES.txt', 'distropack.mjs'])
    const notices = readFileSync(join(folder, 'dist/THIRD-PARTY-NOTICES.txt'), 'utf8')
    for (const work of ['commander', 'yaml', 'zod']) expect(notices).toContain(`\n${work} `)
    // Nothing whose licence asks for more than its own text may be in the one file.
    const licences = [...notices.matchAll(/^\S+ \d\S* \((.+)\)$/gm)].map(([, licence]) => licence)
    expect(new Set(licences)).toEqual(new Set(['MIT', 'ISC']))
  })

  it.each(nodesHere())('says its version, its help and what is wrong, under %s', (node) => {
    const { version } = JSON.parse(readFileSync(join(ROOT, 'cli/package.json'), 'utf8'))
    expect(run(node, '--version')).toMatchObject({ status: 0, stdout: `${version}\n`, stderr: '' })
    expect(run(node, '--help').stdout).toContain('publish')
    expect(run(node, 'build', '--help').stdout).toContain('deb')
    const refused = run(node, 'build', '-f', 'nothing.yaml')
    expect(refused).toMatchObject({ status: 2, stdout: '' })
    expect(refused.stderr).toMatch(/^error: .*nothing\.yaml/)
    expect(refused.stderr).not.toContain('    at ')
  })

  it.each(nodesHere())('builds every format, under %s', (node) => {
    const out = mkdtempSync(join(room, 'out-'))
    const formats = ['deb', 'rpm', 'apk', 'archlinux', 'ipk', 'tar.gz', 'zip']
    const built = run(node, 'build', '--json', '--out', out, '--target', ...formats)
    expect(built.stderr).not.toContain('    at ')
    expect({ status: built.status, stdout: built.stdout }).toMatchObject({ status: 0 })
    expect(JSON.parse(built.stdout).packages).toHaveLength(formats.length)
  })

  it('is found by its name', () => {
    const bin = join(room, 'bin')
    mkdirSync(bin)
    symlinkSync(join(room, 'node_modules/.bin/distropack'), join(bin, 'distropack'))
    const found = spawnSync('distropack', ['--version'], { env: { PATH: `${bin}${delimiter}${USERS_PATH}` } })
    expect(found.status).toBe(0)
  })
})
