// `yank`, `unyank` and `delete`: what a word means over all formats, and that nothing more goes than was meant.
import { describe, expect, it } from 'vitest'
import { ARTIFACT, answer, run, serve, TOKEN, useRoom } from '../test/support/cli-room.ts'

useRoom()

const file = (name: string, format: string, version: string, channels: string[], yankedFrom: string[] = []) => ({
  ...ARTIFACT,
  id: `art_${name}_${format}_${version}`,
  name,
  format,
  version,
  fileName: `${name}-${version}.${format}`,
  channels,
  yankedFrom,
  createdAtMs: 1,
})

const FILES = [
  file('tool', 'deb', '2.2.6', ['stable']),
  file('tool', 'rpm', '2.2.6-1', ['stable']),
  file('tool', 'arch', '2.2.6-1', ['stable', 'beta']),
  file('tool', 'apk', '2.2.6', [], ['stable']),
  file('tool', 'deb', '1.0.0', ['stable']),
  file('other', 'deb', '1.0.0', ['stable']),
]

/** What the command did to which files. */
const runOn = async (...args: string[]) => {
  const changes: string[] = []
  const url = await serve((request, response, body) => {
    if (request.method === 'GET') return answer(response, 200, { items: FILES, nextCursor: null })
    const [, id, verb = 'delete'] = /artifacts\/([^/]+)(?:\/(\w+))?$/.exec(request.url ?? '') ?? []
    const { channel } = body ? JSON.parse(body) : { channel: undefined }
    changes.push(`${verb} ${id}${channel ? ` ${channel}` : ''}`)
    answer(response, 200, verb === 'delete' ? { ok: true } : FILES[0])
  })
  const done = await run([...args, '--url', url, '--token', TOKEN, '--project', 'acme/tool'])
  return { ...done, changes }
}

describe('distropack yank', () => {
  it('takes a version out of every format that offers it, and lists what goes', async () => {
    const done = await runOn('yank', 'tool@2.2.6')
    expect(done.changes).toEqual(['yank art_tool_deb_2.2.6', 'yank art_tool_rpm_2.2.6-1', 'yank art_tool_arch_2.2.6-1'])
    expect(done.stderr).toBe(
      'to yank:\n  tool-2.2.6.deb  (stable)\n  tool-2.2.6-1.rpm  (stable)\n  tool-2.2.6-1.arch  (stable, beta)\n',
    )
    expect(done.status).toBe(0)
  })

  it('takes a version alone where one package has it', async () => {
    expect((await runOn('yank', '2.2.6')).changes).toHaveLength(3)
  })

  it('takes nothing where several packages have the version, and says what could be meant', async () => {
    const done = await runOn('yank', '1.0.0')
    expect(done.stderr).toContain('Write which: other@1.0.0, tool@1.0.0.')
    expect([done.status, done.changes]).toEqual([2, []])
  })

  it('says nothing of a channel that never had it', async () => {
    const done = await runOn('yank', 'tool@1.0.0', '--channel', 'beta')
    expect(done.stderr).toContain(
      '"tool@1.0.0" is not offered in the channel "beta": there is nothing to yank. It is in: stable.',
    )
    expect([done.status, done.stdout, done.changes]).toEqual([2, '', []])
  })

  it('takes out of one channel what is there', async () => {
    expect((await runOn('yank', 'tool@2.2.6', '--channel', 'beta')).changes).toEqual([
      'yank art_tool_arch_2.2.6-1 beta',
    ])
  })

  it('does nothing with --dry-run', async () => {
    const done = await runOn('yank', 'tool', '--dry-run', '--json')
    expect(JSON.parse(done.stdout)).toMatchObject({ ok: true, dryRun: true, packages: [{}, {}, {}, {}] })
    expect(done.changes).toEqual([])
  })
})

describe('distropack unyank', () => {
  it('offers again what was yanked, and that alone', async () => {
    expect((await runOn('unyank', 'tool@2.2.6')).changes).toEqual(['unyank art_tool_apk_2.2.6'])
  })

  it('says so where nothing was', async () => {
    const done = await runOn('unyank', 'other')
    expect(done.stderr).toContain('there is nothing to unyank')
    expect(done.status).toBe(2)
  })
})

describe('distropack delete', () => {
  it('deletes nothing unasked where nobody can be asked', async () => {
    const done = await runOn('delete', 'tool@1.0.0')
    expect(done.stderr).toContain('  tool-1.0.0.deb')
    expect(done.stderr).toContain('Nothing was done: say --yes to delete them.')
    expect([done.status, done.changes]).toEqual([2, []])
  })

  it('deletes every format of the version with --yes, yanked ones too', async () => {
    expect((await runOn('delete', 'tool@2.2.6', '--yes')).changes).toHaveLength(4)
  })

  it('fails where the word means nothing', async () => {
    const done = await runOn('delete', 'toool', '--yes')
    expect([done.status, done.changes]).toEqual([2, []])
  })
})
