// The map of docs/architecture.md, executed: who may import whom, and that a format lives in its room alone.
import { FORMATS } from '@distropack/core/registry.ts'
import { describe, expect, it } from 'vitest'
import { importsOf, readSources, type SourceFile } from './support/source-files.ts'

interface Room {
  readonly name: string
  readonly files: RegExp
  /** What a file of the room may import besides its own room. */
  readonly may: readonly RegExp[]
}

const CORE = /^core\//
const ENV = /^workers\/web\/env\.ts$/
/** Pure libraries: no I/O, no clock, no platform. */
const CORE_LIBRARIES = /^npm:(zod|yaml|@noble\/hashes\/.+)$/

/** The first room whose pattern matches is a file's room. */
const ROOMS: readonly Room[] = [
  { name: 'core/registry', files: /^core\/registry\.ts$/, may: [CORE] },
  {
    name: 'core/contract and core/model',
    files: /^core\/(contract|model)\//,
    may: [/^core\/(contract|model|fault\.ts$|result\.ts$|warning\.ts$|text\/suggest\.ts$)/, CORE_LIBRARIES],
  },
  // Formats see core's tools and never each other, nor the registry that lists them; the next test says so per format.
  {
    name: 'core/formats',
    files: /^core\/formats\//,
    // Of the manifest only the shapes of the formats' own blocks, which must be known before their formats are.
    may: [
      /^core\/(?!formats\/|registry\.ts|manifest\/|contract\/)/,
      /^core\/manifest\/(blocks|scalars)\.ts$/,
      CORE_LIBRARIES,
    ],
  },
  { name: 'core/manifest', files: /^core\/manifest\//, may: [/^core\/(?!formats\/)/, CORE_LIBRARIES] },
  {
    name: 'core/packages',
    files: /^core\/packages\//,
    may: [/^core\/(?!formats\/|registry\.ts|manifest\/)/, /^core\/manifest\/version\.ts$/],
  },
  { name: 'core', files: CORE, may: [/^core\/(?!formats\/|registry\.ts|manifest\/)/, CORE_LIBRARIES] },
  {
    name: 'the file server',
    files: /^workers\/fileserver\//,
    // Only core, of that only what the web Worker writes down, and no library: it must start in milliseconds.
    may: [/^core\/(contract|model)\//],
  },
  {
    name: "the web Worker's entry points",
    files: /^workers\/web\/(worker\.ts$|api\/|queue\/|objects\/)/,
    may: [
      /^workers\/web\/(api|queue|objects|services)\//,
      ENV,
      /^core\/(?!formats\/)/,
      /^npm:(?!node:(?!stream|crypto)|drizzle)/,
    ],
  },
  {
    name: "the web Worker's services",
    files: /^workers\/web\/services\//,
    may: [/^workers\/web\/(db|storage|signing|packager|mail|billing)\//, ENV, /^core\/(?!formats\/)/, /^npm:/],
  },
  {
    name: "the web Worker's adapters",
    files: /^workers\/web\/(db|storage|signing|packager|mail|billing)\//,
    may: [
      /^workers\/web\/(db|storage|signing|packager|mail|billing)\//,
      ENV,
      /^core\/(?!formats\/|registry\.ts)/,
      /^npm:/,
    ],
  },
  { name: 'env', files: ENV, may: [/^workers\/web\/objects\//] },
  { name: 'the packager', files: /^containers\//, may: [/^core\/(?!formats\/)/, /^npm:(?!cloudflare:)/] },
  {
    name: 'the command line',
    files: /^cli\//,
    may: [
      /^core\/(contract|model|manifest|packages)\//,
      /^core\/(registry|format|fault|result|tools|warning)\.ts$/,
      // `build --local` runs the packager's own host.
      /^containers\/packager\/host\//,
      /^npm:(?!cloudflare:)/,
    ],
  },
  { name: 'the dashboard', files: /^dashboard\//, may: [/^core\/(contract|model)\//, /^npm:/] },
  {
    name: 'the GitHub Action',
    files: /^action\//,
    // The command line's own publishing, with other words in front of it.
    may: [
      /^core\/(contract|result\.ts$|warning\.ts$)/,
      /^cli\/(commands\/|outcome\.ts$|settings\.ts$|terminal\.ts$|bundle\.mjs$)/,
      /^npm:/,
    ],
  },
  { name: 'scripts', files: /^scripts\//, may: [/^core\/(contract|model)\//, /^npm:/] },
  { name: 'bench', files: /^bench\//, may: [/^/] },
]

/** Known breaches, each with what ends it. One that no longer occurs fails the test, so the list only shrinks. */
const DEBTS: readonly (readonly [from: string, to: string, reason: string])[] = []

const sources = readSources()

const roomOf = (path: string): Room | undefined => ROOMS.find(({ files }) => files.test(path))

const mayImport = (from: Room, target: string): boolean =>
  from.files.test(target) || from.may.some((pattern) => pattern.test(target))

const breachesOf = (file: SourceFile): readonly string[] => {
  const room = roomOf(file.path)
  if (!room) return []
  return importsOf(file)
    .filter((target) => !mayImport(room, target))
    .map((target) => `${file.path} -> ${target}`)
}

describe('the import table', () => {
  it('sees the whole source', () => {
    expect(sources.length).toBeGreaterThan(50)
    expect(sources.flatMap(importsOf).length).toBeGreaterThan(200)
    expect(sources.filter(({ path }) => !roomOf(path)).map(({ path }) => path)).toEqual([])
  })

  it('is kept, but for the debts that are written down', () => {
    const debts = DEBTS.map(([from, to]) => `${from} -> ${to}`)
    expect(sources.flatMap(breachesOf).sort()).toEqual([...debts].sort())
  })

  it('notices a breach', () => {
    const breach = (path: string, code: string): readonly string[] => breachesOf({ path, code })
    expect(breach('core/bytes/x.ts', "import { readFile } from 'node:fs/promises'")).toHaveLength(1)
    expect(breach('core/model/x.ts', "import { DurableObject } from 'cloudflare:workers'")).toHaveLength(1)
    expect(breach('workers/fileserver/x.ts', "import { app } from '../web/api/app.ts'")).toHaveLength(1)
    expect(breach('workers/fileserver/x.ts', "import { z } from 'zod'")).toHaveLength(1)
    expect(breach('workers/web/db/x.ts', "export * from '../services/jobs.ts'")).toHaveLength(1)
    expect(breach('workers/web/api/x.ts', "const x = await import('../signing/vault.ts')")).toHaveLength(1)
    expect(breach('cli/x.ts', "import { sweep } from '../workers/web/services/platform/sweep.ts'")).toHaveLength(1)
    expect(breach('dashboard/x.ts', "import { FORMATS } from '@distropack/core/registry.ts'")).toHaveLength(1)
  })
})

/** Ids that are also ordinary words of this source (every entry has a field `arch`): nFPM's word stands for them. */
const ORDINARY_WORDS: readonly string[] = ['arch']

/** Formats that are one but for a codec live in one room. */
const SHARED_ROOMS: Readonly<Record<string, string>> = {
  'tar.gz': 'archive',
  'tar.xz': 'archive',
  'tar.zst': 'archive',
  zip: 'archive',
}

describe.each(FORMATS.map(({ id, manifestName }) => [id, manifestName] as const))(
  'the format %s',
  (id, manifestName) => {
    const room = `core/formats/${SHARED_ROOMS[id] ?? id}/`

    it('imports no other format', () => {
      const inside = sources.filter(({ path }) => path.startsWith(room))
      expect(inside.length).toBeGreaterThan(3)
      const strays = inside
        .flatMap((file) => importsOf(file).map((target) => ({ from: file.path, target })))
        .filter(({ target }) => target.startsWith('core/formats/') && !target.startsWith(room))
      expect(strays).toEqual([])
    })

    /**
     * Where the word may stand: its room; the registry; nFPM's manifest keys, which are nFPM's words and not ours
     * (`deb:`, `overrides.deb`, the changelog file's `deb:`, `packager: rpm`); and Debian's names of tools. Sentences for people may name a format: text that
     * begins with another word is not read, for no program acts on it.
     */
    const MAY_NAME = [
      new RegExp(`^${room}`),
      /^core\/registry\.ts$/,
      // What a person writes, shown to people; no program acts on it.
      /^core\/contract\/examples\.ts$/,
      /^core\/manifest\/(schema|expand|changelog|contents|blocks?)\.ts$/,
      /^bench\//,
      /^scripts\/testing\/(roots|programs)\.ts$/,
      // The programs of a user's machine, two of which are called as their format is.
      /^cli\/commands\/doctor\.ts$/,
    ]

    it('is named nowhere else', () => {
      const word = ORDINARY_WORDS.includes(id) ? manifestName : id
      const strings = new RegExp(`['"\`]${word}(?![a-z0-9_-])[^'"\`\\n]*['"\`]`, 'i')
      const identifier = new RegExp(`(?<![\\w-])${word}(?![\\w-])`)
      const withoutStrings = (code: string): string => code.replace(/'[^'\n]*'|"[^"\n]*"|`[^`]*`/g, "''")
      const naming = sources
        .filter(({ path }) => !MAY_NAME.some((pattern) => pattern.test(path)))
        .filter(({ code }) => strings.test(code) || identifier.test(withoutStrings(code)))
      expect(naming.map(({ path }) => path)).toEqual([])
    })
  },
)
