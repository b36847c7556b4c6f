// The words of the command line: everything the API can do has one, and each says what it is.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { API_PATHS } from '@distropack/core/contract/api.ts'
import { describe, expect, it } from 'vitest'

const ROOT = join(import.meta.dirname, '..')
const textsIn = (folder: string): string =>
  readdirSync(join(ROOT, folder))
    .filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts'))
    .map((name) => readFileSync(join(ROOT, folder, name), 'utf8'))
    .join('\n')

/** What no word is for, and why. */
const WITHOUT_WORD: Readonly<Record<string, string>> = {
  permissions: 'the table that pages show beside roles; docs/accounts.md has it',
  exportAccount: 'for a person who looks at their own account, and needs it once',
  auditExport: '`audit --out` writes the same lines from the pages of `audit`',
  uploads: 'a part of an upload, in core/contract/upload.ts',
  upload: 'a part of an upload, in core/contract/upload.ts',
  uploadPart: 'a part of an upload, in core/contract/upload.ts',
  completeUpload: 'a part of an upload, in core/contract/upload.ts',
}

const source = ['cli', 'cli/commands', 'core/contract'].map(textsIn).join('\n')
/** `API_PATHS.name`, or the name taken out of API_PATHS. */
const isAsked = (name: string): boolean =>
  source.includes(`API_PATHS.${name}`) || new RegExp(`\\{[^}]*\\b${name}\\b[^}]*\\} = API_PATHS`).test(source)

describe('the command line', () => {
  it('has a word for everything the API can do', () => {
    const missing = Object.keys(API_PATHS).filter((name) => !isAsked(name) && !(name in WITHOUT_WORD))
    expect(missing).toEqual([])
    expect(isAsked('projects')).toBe(true)
    expect(isAsked('nothing')).toBe(false)
  })
})
