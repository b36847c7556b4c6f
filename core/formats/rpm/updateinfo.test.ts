import { describe, expect, it } from 'vitest'
import type { RpmEntry } from './entry.ts'
import { updateElement } from './updateinfo.ts'

const entryOf = (version: string, changelog: RpmEntry['changelog']): RpmEntry => ({
  format: 'rpm',
  name: 'hello',
  version,
  arch: 'x86_64',
  summary: 'Says hello',
  fileName: 'hello.rpm',
  sizeBytes: 1,
  sha256: 'a'.repeat(64),
  installedSizeBytes: 1,
  paths: [],
  description: '',
  url: '',
  licence: '',
  vendor: '',
  group: '',
  packager: '',
  buildHost: '',
  sourceRpm: 'hello.src.rpm',
  buildTimeSeconds: 0,
  archiveSizeBytes: 0,
  headerStart: 0,
  headerEnd: 0,
  provides: [],
  requires: [],
  conflicts: [],
  obsoletes: [],
  recommends: [],
  suggests: [],
  supplements: [],
  enhances: [],
  changelog,
})

const note = (author: string, text = '- note') => ({ author, dateSeconds: 1_700_000_000, text })
const adviceOf = (version: string, ...notes: RpmEntry['changelog']) => updateElement(entryOf(version, notes), 'stable')

describe('the release note of a version', () => {
  it.each([
    ['1.2.3-4', 'Jane <j@example.com> - 1.2.3'],
    ['1.2.3-4', 'Jane <j@example.com> - 1.2.3-4'],
    ['2:1.2.3-4', 'Jane <j@example.com> 2:1.2.3-4'],
    ['1.2.3~rc_1+git-1', 'Jane <j@example.com> - v1.2.3-rc-1+git'],
  ])('of %s stands below "%s"', (version, author) => {
    expect(adviceOf(version, note('Other - 9.9.9'), note(author, 'it'))).toContain('<description>it</description>')
  })

  it.each(['Jane <j@example.com> - 1.2.4', 'Jane <j@example.com> - 1.2.3-5', 'Jane <j@example.com>', ''])(
    'does not stand below "%s"',
    (author) => expect(adviceOf('1.2.3-4', note(author))).toBeUndefined(),
  )

  it('is no advisory when it is empty, or not there', () => {
    expect(adviceOf('1-1', note('J - 1', ' \n'))).toBeUndefined()
    expect(adviceOf('1-1')).toBeUndefined()
  })
})

describe('an advisory', () => {
  it('has an id of the package alone, and says who wrote it and when', () => {
    const advice = adviceOf('2:1.2.3-4', note('Jane <j@example.com> - 1.2.3'))
    expect(advice).toContain(
      '<update from="Jane &lt;j@example.com&gt;" status="stable" type="enhancement" version="1">',
    )
    expect(advice).toContain('<id>hello-2:1.2.3-4.x86_64</id>')
    expect(advice).toContain('<issued date="2023-11-14 22:13:20"/>')
  })

  it('is of type security when it names vulnerabilities, each once', () => {
    const advice = adviceOf('1-1', note('J - 1', '- CVE-2026-12345, CVE-2026-12345 and CVE-2025-0001; not CVE-26-1'))
    expect(advice).toContain('type="security"')
    expect(advice?.match(/<reference [^>]*id="[^"]*"/g)).toEqual([
      '<reference href="https://www.cve.org/CVERecord?id=CVE-2026-12345" id="CVE-2026-12345"',
      '<reference href="https://www.cve.org/CVERecord?id=CVE-2025-0001" id="CVE-2025-0001"',
    ])
  })
})
