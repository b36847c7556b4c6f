import { describe, expect, it } from 'vitest'
import { createBudget, type Limits, REQUEST_LIMITS } from '../budget.ts'
import type { SourceRecord } from '../contract/sources.ts'
import type { PackagedItem } from '../model/spec.ts'
import { collectWarnings, unheard, type Warn } from '../warning.ts'
import { resolveContents } from './contents.ts'
import { type MemoryNode, memoryTree } from './memory-tree.ts'
import { mergeOverrides } from './overrides.ts'
import { parseManifest } from './parse.ts'
import { recordTree } from './record-tree.ts'
import { openWork } from './work.ts'

const FILES: Readonly<Record<string, MemoryNode>> = {
  'bin/tool': { text: 'tool', mode: 0o775 },
  'bin/other': { text: 'other', mode: 0o666 },
  'conf/a.conf': 'a',
  'conf/sub/b.conf': 'b',
  'conf/sub/deep/c.txt': 'c',
  'site/files/a': 'a',
  'site/files/b/c': { text: 'c', mode: 0o640, mtimeSeconds: 5 },
  'site/links/one': { target: '/etc/foo' },
  'site/links/two': { target: '../files/a' },
  'site/void/': '',
  '{odd}/[f]oo': 'odd',
  current: { target: 'conf' },
  latest: { target: 'bin/tool' },
  '/abs/lib.so': 'lib',
}

interface Options {
  readonly packager?: string
  readonly head?: string
  readonly mtimeSeconds?: number
}

const resolved = async (
  contents: string,
  { packager = 'deb', head = '', mtimeSeconds }: Options = {},
  warn: Warn = unheard,
) => {
  const manifest = parseManifest(`name: a\n${head}\ncontents:\n${contents}`, 'nfpm.yaml')
  if (!manifest.ok) throw new Error(manifest.error.map(({ message }) => message).join('\n'))
  const { values } = manifest.value
  return resolveContents({
    contents: mergeOverrides(values, packager).contents,
    packager,
    tree: memoryTree(FILES),
    work: openWork(),
    umask: values.umask || 0o002,
    isGlobbingDisabled: values.disable_globbing ?? false,
    mtimeSeconds,
    buildTimeSeconds: 9,
    where: (path) => manifest.value.where(path),
    written: (path) => manifest.value.written(path),
    warn,
  })
}

const items = async (contents: string, options?: Options): Promise<readonly PackagedItem[]> => {
  const { items: found, faults } = await resolved(contents, options)
  if (faults.length > 0) throw new Error(faults.map(({ message }) => message).join('\n'))
  return found
}
/** Paths and kinds, without the folders nobody listed. */
const listed = async (contents: string, options?: Options): Promise<readonly string[]> =>
  (await items(contents, options))
    .filter(({ kind }) => kind !== 'implicit dir')
    .map(({ kind, path }) => `${kind} ${path}`)
const warned = async (contents: string, options?: Options) => {
  const { warn, warnings } = collectWarnings()
  const { faults } = await resolved(contents, options, warn)
  expect(faults).toEqual([])
  return warnings().map(({ code, where }) => `${code} ${where?.line} ${where?.key}`)
}
const problems = async (contents: string, options?: Options) =>
  (await resolved(contents, options)).faults.map(({ code, where }) => `${code} ${where?.line} ${where?.key}`)
const itemAt = async (path: string, contents: string, options?: Options) => {
  const found = (await items(contents, options)).find((item) => item.path === path)
  if (!found) throw new Error(`nothing at ${path}`)
  return found
}

describe('what is packed as nFPM packs it, with a warning', () => {
  it.each([
    ['mode: 755', 0o1363],
    ['mode: 644', 0o1204],
    ['mode: 0600, mtime: 2026-01-01', undefined],
  ])('%s, when it is a decimal number', async (mode, bits) => {
    const contents = `- {src: bin/tool, dst: /t, file_info: {${mode}}}`
    expect(await warned(contents)).toEqual(bits === undefined ? [] : ['mode_decimal 4 contents.0.file_info'])
    expect((await itemAt('/t', contents)).mode).toBe(bits ?? 0o600)
  })

  it.each(['0755', '0o755', '493', '0', '0x1ed'])('nothing is said of the mode %s', async (mode) => {
    expect(await warned(`- {src: bin/tool, dst: /t, file_info: {mode: ${mode}}}`)).toEqual([])
  })

  it('a tree whose folders nobody can enter', async () => {
    const contents = '- {src: site, dst: /srv, type: tree, file_info: {mode: 0644}}'
    expect(await warned(contents)).toEqual(['mode_without_search 4 contents.0.file_info'])
    expect((await itemAt('/srv/files', contents)).mode).toBe(0o644)
    expect(await warned('- {src: site, dst: /srv, type: tree, file_info: {mode: 0755}}')).toEqual([])
  })

  it('a symlink to a folder below a glob or a folder, which is left out', async () => {
    expect(await warned('- {src: "lat*", dst: /x}')).toEqual([])
    expect(await warned('- {src: "{current,latest}", dst: /x}')).toEqual(['link_left_out 4 contents.0.src'])
    expect(await listed('- {src: "{current,latest}", dst: /x}')).toEqual(['symlink /x/latest'])
  })

  it('a folder whose files all go into one', async () => {
    const contents = '- {src: conf, dst: /etc/x/}'
    expect(await warned(contents)).toEqual(['folder_flattened 4 contents.0.dst'])
    expect(await listed(contents)).toEqual(['file /etc/x/a.conf', 'file /etc/x/b.conf', 'file /etc/x/c.txt'])
    expect(await warned('- {src: conf, dst: /etc/x}')).toEqual([])
    expect(await warned('- {src: conf/sub/deep, dst: /etc/x/}')).toEqual([])
    expect(await warned('- {src: "conf/**/*.conf", dst: /etc/x/}')).toEqual([])
  })
})

describe('where a file goes', () => {
  it.each([
    ['a file to a name', '{src: bin/tool, dst: /usr/bin/t}', ['file /usr/bin/t']],
    ['a file into a folder', '{src: bin/tool, dst: /usr/bin/}', ['file /usr/bin/tool']],
    ['a relative destination', '{src: ./bin/tool, dst: usr/bin/t}', ['file /usr/bin/t']],
    ['one match of a glob is in a folder', '{src: bin/t*, dst: /usr/bin/x}', ['file /usr/bin/x/tool']],
    [
      'a folder keeps what is in it',
      '{src: conf, dst: /etc}',
      ['file /etc/a.conf', 'file /etc/sub/b.conf', 'file /etc/sub/deep/c.txt'],
    ],
    [
      'a folder with a slash too',
      '{src: conf/, dst: /etc}',
      ['file /etc/a.conf', 'file /etc/sub/b.conf', 'file /etc/sub/deep/c.txt'],
    ],
    [
      'a folder into a folder is flat',
      '{src: conf/, dst: /etc/}',
      ['file /etc/a.conf', 'file /etc/b.conf', 'file /etc/c.txt'],
    ],
    ['below the longest common folder', '{src: "conf/**/*.*", dst: /e}', ['file /e/b.conf', 'file /e/deep/c.txt']],
    [
      'a star takes folders whole',
      '{src: conf/*, dst: /e}',
      ['file /e/a.conf', 'file /e/sub/b.conf', 'file /e/sub/deep/c.txt'],
    ],
    ['common folder of half a name', '{src: "{bin/o*,bin/t*}", dst: /e}', ['file /e/other', 'file /e/tool']],
    ['an escaped brace', '{src: "\\\\{odd\\\\}/", dst: /e}', ['file /e/[f]oo']],
    ['an absolute source', '{src: /abs/*.so, dst: /usr/lib}', ['file /usr/lib/lib.so']],
    ['a symlink as itself', '{src: latest, dst: /usr/bin/t}', ['symlink /usr/bin/t']],
    ['no symlink to a folder', '{src: "{current,bin/tool}", dst: /e/}', ['file /e/tool']],
  ])('%s', async (_, content, expected) => {
    expect(await listed(`  - ${content}`)).toEqual(expected)
  })

  it('without globbing the characters of a pattern are names', async () => {
    const head = 'disable_globbing: true'
    expect(await listed('  - {src: "{odd}/[f]oo", dst: /e/x}', { head })).toEqual(['file /e/x'])
    expect(await problems('  - {src: bin/*, dst: /e}', { head })).toEqual(['source_missing 4 contents.0.src'])
  })
})

describe('what a file is like', () => {
  it('takes its mode from the source less umask, and belongs to root', async () => {
    expect(await itemAt('/o', '  - {src: bin/other, dst: /o}')).toMatchObject({
      mode: 0o664,
      owner: 'root',
      group: 'root',
    })
    expect(await itemAt('/o', '  - {src: bin/other, dst: /o}', { head: 'umask: 0o077' })).toMatchObject({ mode: 0o600 })
  })

  it('obeys file_info', async () => {
    const content =
      '  - {src: bin/other, dst: /o, file_info: {mode: 04755, owner: ada, group: staff, mtime: 2008-01-02}}'
    expect(await itemAt('/o', content, { mtimeSeconds: 7 })).toMatchObject({
      mode: 0o4755,
      owner: 'ada',
      group: 'staff',
      mtimeSeconds: 1199232000,
    })
  })

  it('has the time of its source, unless the manifest has one', async () => {
    expect(await itemAt('/o', '  - {src: site/files/b/c, dst: /o}')).toMatchObject({ mtimeSeconds: 5 })
    expect(await itemAt('/o', '  - {src: site/files/b/c, dst: /o}', { mtimeSeconds: 7 })).toMatchObject({
      mtimeSeconds: 7,
    })
  })

  it('keeps the language of a file, and gives none to a file without one', async () => {
    expect(await itemAt('/o', '  - {src: bin/other, dst: /o, file_info: {lang: de}}')).toHaveProperty('language', 'de')
    expect(await itemAt('/o', '  - {src: bin/other, dst: /o}')).not.toHaveProperty('language')
  })

  it('gives its owner to the folders made for it, but not to those of the distribution', async () => {
    const found = await items('  - {src: bin/tool, dst: /usr/share/tool/x/t, file_info: {owner: ada}}')
    expect(found.map(({ path, owner }) => `${path} ${owner}`)).toEqual([
      '/usr root',
      '/usr/share root',
      '/usr/share/tool ada',
      '/usr/share/tool/x ada',
      '/usr/share/tool/x/t ada',
    ])
  })

  it('keeps the kind of a config file through a glob', async () => {
    expect(await listed('  - {src: conf/*.conf, dst: /etc/, type: "config|noreplace"}')).toEqual([
      'config|noreplace /etc/a.conf',
    ])
  })
})

describe('kinds of content', () => {
  it('a symlink points where it says, cleaned', async () => {
    expect(await itemAt('/l', '  - {src: ../lib//foo/, dst: /l, type: symlink}')).toMatchObject({
      kind: 'symlink',
      target: '../lib/foo',
    })
  })

  it('a folder is 0755 and may take the time of another', async () => {
    expect(await itemAt('/var/x', '  - {dst: /var/x/, type: dir}')).toMatchObject({
      kind: 'dir',
      mode: 0o755,
      mtimeSeconds: 9,
    })
    expect(await itemAt('/x', '  - {src: conf, dst: /x, type: dir}')).toMatchObject({ mtimeSeconds: 1_600_000_000 })
  })

  it('ghosts and marked files are rpm’s alone', async () => {
    const contents =
      '  - {dst: /g, type: ghost}\n  - {src: bin/tool, dst: /l, type: license}\n  - {src: latest, dst: /r, type: readme}'
    expect(await listed(contents)).toEqual([])
    expect(await listed(contents, { packager: 'rpm' })).toEqual(['ghost /g', 'licence /l', 'readme /r'])
  })

  it('are filtered by packager', async () => {
    const contents = '  - {src: bin/tool, dst: /x, packager: rpm}\n  - {src: bin/other, dst: /x, packager: deb}'
    expect(await listed(contents)).toEqual(['file /x'])
    expect(await listed(contents, { packager: 'apk' })).toEqual([])
  })
})

describe('a tree', () => {
  it('brings folders it owns, files and symlinks', async () => {
    expect(await listed('  - {src: site, dst: /base, type: tree}')).toEqual([
      'dir /base',
      'dir /base/files',
      'file /base/files/a',
      'dir /base/files/b',
      'file /base/files/b/c',
      'dir /base/links',
      'symlink /base/links/one',
      'symlink /base/links/two',
      'dir /base/void',
    ])
  })

  it('marks its files as config files when told', async () => {
    expect(await listed('  - {src: site/files, dst: /e, type: "config|missingok|tree"}')).toEqual([
      'dir /e',
      'config|missingok /e/a',
      'dir /e/b',
      'config|missingok /e/b/c',
    ])
  })

  it('owns no folder of the distribution, and none it disowns', async () => {
    const found = await items('  - {src: site, dst: /usr/share, type: tree, disown_subtree: [/usr/share/fi*]}')
    expect(found.filter(({ kind }) => kind === 'dir').map(({ path }) => path)).toEqual([
      '/usr/share/files/b',
      '/usr/share/links',
      '/usr/share/void',
    ])
  })

  it('gives mode and owner to all it brings but symlinks and what the distribution owns', async () => {
    const found = await items('  - {src: site, dst: /usr/share/x, type: tree, file_info: {mode: 0700, owner: ada}}')
    expect(found.filter(({ owner }) => owner === 'root').map(({ path }) => path)).toEqual(['/usr', '/usr/share'])
    expect(found.filter(({ mode }) => mode !== 0o700).map(({ path }) => path)).toEqual([
      '/usr',
      '/usr/share',
      '/usr/share/x/links/one',
      '/usr/share/x/links/two',
    ])
  })

  it('can be the whole file system', async () => {
    expect(await listed('  - {src: conf/sub, dst: /, type: tree}')).toEqual([
      'file /b.conf',
      'dir /deep',
      'file /deep/c.txt',
    ])
  })

  it('packs a symlink to a folder as a symlink, and with a slash the folder', async () => {
    expect(await listed('  - {src: current, dst: /e, type: tree}')).toEqual(['symlink /e'])
    expect(await listed('  - {src: current/, dst: /e, type: tree}')).toContain('file /e/sub/b.conf')
  })
})

describe('problems of contents', () => {
  it('names the line of every one', async () => {
    const contents = [
      '  - {src: gone, dst: /a}',
      '  - {src: gone/*, dst: /b}',
      '  - {src: bin/tool, dst: ../../etc/passwd}',
      '  - {src: bin/tool}',
      '  - {dst: /c}',
      '  - {src: "bin/[t", dst: /d}',
      '  - {src: bin/tool, dst: "/e\\nf"}',
    ].join('\n')
    expect(await problems(contents)).toEqual([
      'source_missing 4 contents.0.src',
      'source_missing 5 contents.1.src',
      'path_unsafe 6 contents.2.dst',
      'manifest_invalid 7 contents.3.dst',
      'manifest_invalid 8 contents.4.src',
      'manifest_invalid 9 contents.5.src',
      'path_unsafe 10 contents.6.dst',
    ])
  })

  it.each([
    ['two files', '  - {src: bin/tool, dst: /x}\n  - {src: bin/other, dst: /x}'],
    ['two of one glob', '  - {src: bin/tool, dst: /tool}\n  - {src: bin/*, dst: /}'],
    ['a folder and a file', '  - {dst: /x, type: dir}\n  - {src: bin/tool, dst: /x}'],
    ['a file where a folder must be', '  - {src: bin/tool, dst: /x}\n  - {src: bin/other, dst: /x/y}'],
    ['two folders', '  - {dst: /x, type: dir}\n  - {dst: /x/, type: dir}'],
    ['a tree on a claimed folder', '  - {dst: /x, type: dir}\n  - {src: site, dst: /x, type: tree}'],
  ])('refuses %s at one destination', async (_, contents) => {
    expect(await problems(contents)).toEqual(['content_conflict 5 contents.1.dst'])
  })

  it('lets a folder that was only implied be claimed', async () => {
    expect(await listed('  - {src: bin/tool, dst: /x/t}\n  - {dst: /x, type: dir}')).toEqual(['dir /x', 'file /x/t'])
  })
})

it('every item is there once, sorted, with every folder above it', async () => {
  const found = (
    await items(
      '  - {src: site, dst: /z/y, type: tree}\n  - {src: bin/tool, dst: /a-b}\n  - {src: bin/tool, dst: /a/b}',
    )
  ).map(({ path }) => path)
  expect(found).toEqual([...new Set(found)].sort())
  for (const path of found) {
    const above = path.slice(0, path.lastIndexOf('/'))
    if (above !== '') expect(found).toContain(above)
  }
})

describe('the work of a manifest', () => {
  const sourcesOf = (paths: readonly string[]): SourceRecord[] =>
    paths.map((path) => ({ kind: 'file', path, mode: 0o644, mtimeSeconds: 1, sizeBytes: 0, sha256: '0'.repeat(64) }))
  async function* nothing() {}
  const resolveOver = async (contents: string, paths: readonly string[], work = openWork()) => {
    const manifest = parseManifest(`name: a\ncontents:\n${contents}`, 'nfpm.yaml')
    if (!manifest.ok) throw new Error(manifest.error[0]?.message)
    return resolveContents({
      contents: mergeOverrides(manifest.value.values, 'deb').contents,
      packager: 'deb',
      tree: recordTree(sourcesOf(paths), nothing, work.budget),
      umask: 0o002,
      isGlobbingDisabled: false,
      mtimeSeconds: undefined,
      buildTimeSeconds: 1,
      work,
      where: (path) => manifest.value.where(path),
      written: (path) => manifest.value.written(path),
      warn: unheard,
    })
  }
  const small = (limits: Partial<Limits>) => ({ ...openWork(), budget: createBudget({ ...REQUEST_LIMITS, ...limits }) })
  const LONG = Array.from({ length: 2_000 }, (_, at) => `d/${'a'.repeat(200)}${at}`)
  const entries = (pattern: string, count: number): string =>
    Array.from({ length: count }, (_, at) => `  - {src: "${pattern}${at}", dst: /opt/${at}/}\n`).join('')

  it('ends at the entry that is too much, and later ones are not tried', async () => {
    const { faults } = await resolveOver(entries('d/*a*a*', 500), LONG, small({ steps: 20_000_000 }))
    expect(faults[0]).toMatchObject({ code: 'limit_exceeded', where: { file: 'nfpm.yaml' } })
    expect(faults[0]?.message).toMatch(/^nfpm\.yaml:\d+:\d+: src d\/\*a\*a\*\d+ takes more work/)
    expect(faults.length).toBeLessThan(500)
  })

  it('is one budget for all targets, and what one target has looked for the next one knows', async () => {
    const spent: number[] = []
    const work = openWork()
    const counting = { ...work, budget: { ...work.budget, step: (count: number) => void spent.push(count) } }
    const sum = (): number => spent.reduce((all, count) => all + count, 0)
    await resolveOver('  - {src: "d/*", dst: /opt/}\n', LONG, counting)
    const first = sum()
    const { items } = await resolveOver('  - {src: "d/*", dst: /opt/}\n', LONG, counting)
    expect(items).toHaveLength(2_001)
    expect(sum() - first).toBeLessThan(first)
  })

  it('has as many files as a package may have', async () => {
    const { faults } = await resolveOver('  - {src: "d/*", dst: /opt/}\n', LONG, small({ entries: 1_000 }))
    expect(faults).toMatchObject([{ code: 'limit_exceeded', where: { line: 3 } }])
    expect(faults[0]?.message).toContain('1,000 files and folders')
  })

  it('has paths of so many bytes, also those that join what is short', async () => {
    const { faults } = await resolveOver(`  - {src: "d/*", dst: "/${'o'.repeat(4_000)}/"}\n`, LONG)
    expect(faults).toMatchObject([{ code: 'limit_exceeded' }])
    expect(faults[0]?.message).toContain('4,096 are allowed')
  })

  it('counts the folders that sources imply', () => {
    const deep = Array.from({ length: 1_000 }, (_, at) => `${at}/${'aaaaaaaaaaaaaaa/'.repeat(250)}x`)
    const { budget } = small({ steps: 100_000_000 })
    expect(() => recordTree(sourcesOf(deep), nothing, budget)).toThrow(/The source \d+\/aaa/)
  })
})
