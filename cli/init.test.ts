// What `distropack init` writes of a folder, and that what it writes is a manifest.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { room, run, useRoom, write } from '../test/support/cli-room.ts'

useRoom()

const FOLDERS: Readonly<Record<string, { readonly files: Record<string, string>; readonly says: readonly string[] }>> =
  {
    'Cargo.toml': {
      files: {
        'Cargo.toml': [
          '[workspace]',
          'members = ["x"]',
          '[package]',
          'name = "greeter"',
          "version = '1.4.0' # of the next release",
          'description = "Greets \\"politely\\""',
          'repository = "https://example.org/greeter"',
          'license = "MIT OR Apache-2.0"',
          '[dependencies]',
          'name = "not-this"',
          'version = "9"',
        ].join('\n'),
        'target/release/greeter': '#!/bin/sh\n',
      },
      says: ['name: greeter', '"1.4.0"', 'Greets \\"politely\\"', 'https://example.org/greeter', 'MIT OR Apache-2.0'],
    },
    'go.mod': {
      files: { 'go.mod': 'module github.com/acme/greeter/v2\n\ngo 1.25\n', greeter: '#!/bin/sh\n' },
      says: ['name: greeter', 'https://github.com/acme/greeter', 'CGO_ENABLED=0 go build'],
    },
    'package.json': {
      files: {
        'package.json': JSON.stringify({
          name: '@acme/greeter',
          version: '2.0.0',
          author: 'Ada Lovelace <ada@example.org> (https://example.org)',
          license: 'ISC',
        }),
        greeter: '#!/bin/sh\n',
      },
      says: ['name: greeter', '"2.0.0"', 'Ada Lovelace <ada@example.org>', 'license: "ISC"'],
    },
    'pyproject.toml': {
      files: {
        'pyproject.toml':
          '[project]\nname = "Greeter_Tool"\nversion = "3.1"\n[project.urls]\nHomepage = "https://example.org"\n',
        'greeter-tool': '#!/bin/sh\n',
      },
      says: ['name: greeter-tool', '"3.1"', 'homepage: "https://example.org"'],
    },
    Makefile: { files: { Makefile: 'install:\n\tcp x $(DESTDIR)\n' }, says: ['make install DESTDIR='] },
  }

describe('distropack init', () => {
  it.each(Object.keys(FOLDERS))('begins with what %s says', async (name) => {
    const { files, says } = FOLDERS[name]!
    for (const [path, text] of Object.entries(files)) write(path, text)
    const done = await run(['init', '--project', 'acme/tool'])
    expect([done.status, done.stdout]).toEqual([0, expect.stringContaining(`what ${name} says`)])
    const manifest = readFileSync(join(room, 'distropack.yaml'), 'utf8')
    for (const each of ['project: acme/tool', ...says]) expect(manifest).toContain(each)
  })

  it.each(Object.keys(FOLDERS).filter((name) => name !== 'Makefile'))('writes a sound manifest of %s', async (name) => {
    for (const [path, text] of Object.entries(FOLDERS[name]!.files)) write(path, text)
    await run(['init'])
    const checked = await run(['validate'])
    expect([checked.status, checked.stderr]).toEqual([0, expect.not.stringContaining('error')])
  })

  it('leaves what is there alone, and says what it is good for', async () => {
    write('nfpm.yaml', 'name: x\n')
    const ready = await run(['init'])
    expect([ready.status, ready.stderr]).toEqual([2, expect.stringContaining('nfpm.yaml is a manifest already')])
    expect(existsSync(join(room, 'distropack.yaml'))).toBe(false)
    expect((await run(['init', '--force'])).status).toBe(0)
  })

  it('takes a damaged file for nothing, and any name of a folder', async () => {
    write('package.json', '{ "name": ')
    const done = await run(['init', '--json'])
    expect(JSON.parse(done.stdout)).toMatchObject({ ok: true, from: 'nothing' })
    expect(readFileSync(join(room, 'distropack.yaml'), 'utf8')).toMatch(/^name: [a-z0-9][a-z0-9.+-]*$/m)
  })

  it('says whose folder cannot be written', async () => {
    mkdirSync(join(room, 'x'))
    writeFileSync(join(room, 'x/y'), '')
    const done = await run(['init', '--file', 'x/y/distropack.yaml'])
    expect([done.status, done.stderr]).toEqual([2, expect.stringContaining('x/y/distropack.yaml')])
  })
})
