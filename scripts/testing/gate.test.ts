// What runs where: on a Debian as root and not, on anything else, and in a container whose root may not mount.
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { leaveOut, whyNoClientRoots } from './gate.ts'
import { PROGRAMS, partOf, programsOf, ROOT_MAKERS, readTestFiles, type TestFile } from './programs.ts'
import { type Machine, prepareTools } from './tools.ts'

const EVERYTHING = ['dpkg', ...Object.values(PROGRAMS).flat(), ...ROOT_MAKERS]
const without = (...names: readonly string[]) => new Set(EVERYTHING.filter((name) => !names.includes(name)))

const USER: Machine = {
  installed: () => without('rpm'),
  isRoot: false,
  install: () => {
    throw new Error('a user installs nothing')
  },
}
const NOT_DEBIAN: Machine = { ...USER, installed: () => undefined }

/** A root whose apt-get gets these and no others. */
const rootWhoGets = (...gettable: readonly string[]): Machine => {
  const installed = new Set(without('rpm', 'cpio'))
  const install = (wanted: readonly string[]) => {
    for (const name of wanted) if (gettable.includes(name)) installed.add(name)
  }
  return { installed: () => installed, isRoot: true, install }
}

/** Put together, lest this file be taken for one that starts them. */
const requiring = (names: string): string => `beforeAll(() => requirePrograms(${names}))`
const FILES: readonly TestFile[] = [
  { path: 'a.test.ts', code: requiring("'rpm', 'xz'") },
  { path: 'b.test.ts', code: "it('needs nothing', () => {})" },
  { path: 'c.test.ts', code: requiring("\n    'cpio',\n    'rpmbuild',\n  ") },
]

describe('the files that do not run', () => {
  it('are none where every program is there', () => {
    const tools = prepareTools({ ...USER, installed: () => without() })
    expect(leaveOut(FILES, tools)).toBeUndefined()
  })

  it('are those that start what is missing, and a user is told what to install', () => {
    expect(leaveOut(FILES, prepareTools(USER))).toEqual({
      files: ['a.test.ts', 'c.test.ts'],
      reason: 'as root: apt-get install rpm',
    })
  })

  it('are none once root has installed what was missing', () => {
    expect(leaveOut(FILES, prepareTools(rootWhoGets('rpm', 'cpio')))).toBeUndefined()
  })

  it('are those of the packages that even apt-get could not get', () => {
    expect(leaveOut(FILES, prepareTools(rootWhoGets('rpm')))).toEqual({
      files: ['c.test.ts'],
      reason: 'apt-get could not install cpio; its message stands above',
    })
  })

  it.each([true, false])('are all that start any, off Debian (root: %s)', (isRoot) => {
    expect(leaveOut(FILES, prepareTools({ ...NOT_DEBIAN, isRoot }))).toEqual({
      files: ['a.test.ts', 'c.test.ts'],
      reason: expect.stringContaining('neither Debian nor Ubuntu'),
    })
  })
})

describe('client roots', () => {
  const complete = prepareTools({ ...USER, installed: () => without() })
  const canMount = { isRoot: true, tryMounts: () => undefined }

  it('are there for a root who may mount', () => expect(whyNoClientRoots(complete, canMount)).toBeUndefined())

  it('are not for a user, who is not asked to mount anything', () => {
    const tryMounts = () => {
      throw new Error('not asked')
    }
    expect(whyNoClientRoots(complete, { isRoot: false, tryMounts })).toContain('by root')
  })

  it('are not for a root of a container who may not mount; the reason is mount’s own', () => {
    const refused = { isRoot: true, tryMounts: () => 'mount: permission denied' }
    expect(whyNoClientRoots(complete, refused)).toContain('mount: permission denied')
  })

  it('are not without mmdebstrap, and not off Debian', () => {
    const noMaker = prepareTools({ ...USER, installed: () => without('mmdebstrap') })
    expect(whyNoClientRoots(noMaker, canMount)).toBe('as root: apt-get install mmdebstrap')
    expect(whyNoClientRoots(prepareTools(NOT_DEBIAN), canMount)).toContain('neither Debian nor Ubuntu')
  })
})

describe('the test files here', () => {
  const files = readTestFiles(join(import.meta.dirname, '../..'))
  /** First arguments of calls that start programs; inside client roots, other programs run. */
  const started = ({ code }: TestFile): readonly string[] =>
    [...code.matchAll(/\b(?:exec\w*|spawn\w*|run)\(\s*'([^']+)'/g)].map(([, name = '']) => name)

  it('are all seen, in the part that vitest runs them in', () => {
    expect(files.length).toBeGreaterThan(80)
    expect(leaveOut(files, prepareTools(NOT_DEBIAN))?.files).not.toContain('scripts/testing/gate.test.ts')
    expect(files.map(({ path }) => path)).toContain('scripts/testing/gate.test.ts')
    expect(['core/a.test.ts', 'test/e2e/a.test.ts', 'test/workers/a.test.ts'].map(partOf)).toEqual([
      'unit',
      'e2e',
      'workers',
    ])
  })

  it('say which of these programs they start', () => {
    const silent = files
      .filter(({ path }) => ['unit', 'e2e'].includes(partOf(path)))
      .map((file) => ({
        path: file.path,
        unsaid: started(file).filter((name) => name in PROGRAMS && !programsOf(file).some((said) => said === name)),
      }))
    expect(silent.filter(({ unsaid }) => unsaid.length > 0)).toEqual([])
  })

  it('start none in workerd', () => {
    expect(files.filter((file) => partOf(file.path) === 'workers' && programsOf(file).length > 0)).toEqual([])
  })
})
