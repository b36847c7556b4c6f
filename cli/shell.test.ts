// Completion and the manual page, by the programs that read them.
import { execFileSync, spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { room, run, useRoom } from '../test/support/cli-room.ts'
import { requirePrograms } from '../test/support/required-programs.ts'

useRoom()
beforeAll(() => requirePrograms('bash', 'groff'))

const complete = async (...words: readonly string[]): Promise<readonly string[]> => {
  const { stdout } = await run(['completion', 'bash'])
  writeFileSync(join(room, 'completion'), stdout)
  const line = `source completion; COMP_WORDS=(distropack "$@"); COMP_CWORD=$#; _distropack; printf '%s\\n' "\${COMPREPLY[@]}"`
  return execFileSync('bash', ['-euc', line, 'bash', ...words], { cwd: room, encoding: 'utf8' })
    .split('\n')
    .filter(Boolean)
}

describe('completion', () => {
  it('knows words, words of nouns, and options, in bash', async () => {
    expect(await complete('pu')).toEqual(['publish', 'push', 'publisher'])
    expect(await complete('token', 'r')).toEqual(['rotate', 'revoke'])
    expect(await complete('keys', 're')).toEqual(['retire'])
    expect(await complete('token', 'create', '--sc')).toEqual(['--scope'])
    expect(await complete('token', '--json', 'cr')).toEqual(['create'])
    expect(await complete('nothing', 'x')).toEqual([])
  })

  it('is written for zsh and fish with the same words, and for no other shell', async () => {
    expect((await run(['completion', 'zsh'])).stdout).toMatch(
      /^#compdef distropack\n(?:.*\n)*? *'token'\) words_here='list create/,
    )
    expect((await run(['completion', 'fish'])).stdout).toContain(
      "-n '__distropack_at token' -a create -d 'make a token",
    )
    expect(await run(['completion', 'csh'])).toMatchObject({ status: 2, stdout: '' })
  })
})

describe('the manual page', () => {
  it('is sound to groff, and has every word', async () => {
    const { stdout } = await run(['man'])
    const read = spawnSync('groff', ['-man', '-Tutf8', '-ww', '-z'], { input: stdout, encoding: 'utf8' })
    expect([read.status, read.stderr]).toEqual([0, ''])
    for (const word of ['publish', 'token create', 'build list', 'completion']) {
      expect(stdout).toContain(`.SS distropack ${word} `)
    }
  })

  it('is docs/cli.md in Markdown: write that anew with `distropack man --markdown`', async () => {
    const { stdout } = await run(['man', '--markdown'])
    expect(stdout).toBe(readFileSync(join(import.meta.dirname, '../docs/cli.md'), 'utf8'))
  })
})
