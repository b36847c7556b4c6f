// What the log and the summary make of words that are not ours.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { log, type Published, reportPublished } from './report.ts'

let written = ''
let room: string
beforeEach(() => {
  written = ''
  room = mkdtempSync(join(tmpdir(), 'report-'))
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    written += text
    return true
  })
})
afterEach(() => {
  vi.restoreAllMocks()
  vi.unstubAllEnvs()
  rmSync(room, { recursive: true, force: true })
})

/** actions/runner, ActionCommand.cs: `::` after blanks, `##[` anywhere. */
const isCommand = (line: string): boolean => line.trimStart().startsWith('::') || line.includes('##[')

it('a line of the log is no command to the runner', () => {
  log('Uploaded a\n::add-mask::true\r::error::no\r\n  ::stop-commands::x\nand ##[add-mask]y to it')
  log('::set-output name=version::6')
  const lines = written.split(/[\r\n]/)
  expect(lines.filter(isCommand)).toEqual([])
  expect(written).toContain('add-mask::true')
  written = ''
  log('std::string: a [b] c\n1::2')
  expect(written).toBe('std::string: a [b] c\n1::2\n')
})

it('the summary shows names as they are written', async () => {
  const file = join(room, 'summary')
  writeFileSync(file, '')
  vi.stubEnv('GITHUB_STEP_SUMMARY', file)
  const fileName = 'a<img src=x>".deb'
  const artifact = { fileName, version: '1<b>', url: `https://host.test/"><script>` }
  const build = {
    ...{ organization: 'acme', project: 'tool', channel: 'stable' },
    jobs: [{ target: fileName, state: 'published', artifact }],
  } as unknown as Published['build']
  const install = [{ title: 'Debian <12>', commands: ['cat <<END && true'] }]
  await reportPublished({ build, install }, 'https://host.test', false)
  const summary = readFileSync(file, 'utf8')
  expect(summary).not.toMatch(/<(?:img|script|b|12)>?/)
  expect(summary).toContain('a&lt;img src=x&gt;&quot;.deb</a>')
  expect(summary).toContain('cat &lt;&lt;END &amp;&amp; true')
})
