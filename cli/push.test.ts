// `distropack push` says what would be refused before anything is sent.
import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { platform, room, run, serve, TOKEN, useRoom, write, writeProject } from '../test/support/cli-room.ts'

useRoom()

const pushTo = async (files: readonly string[]) => {
  const requests: string[] = []
  const url = await serve(platform('published', requests))
  const done = await run(['push', ...files, '--url', url, '--token', TOKEN, '--project', 'acme/tool', '--public'])
  return { ...done, requests }
}

it('names every file that is wrong, and asks the server nothing', async () => {
  writeProject()
  await run(['build', '--target', 'deb', '--out', '.'])
  const deb = readFileSync(join(room, 'tool_1.0.0_amd64.deb'))
  deb[deb.length - 20] = (deb.at(-20) ?? 0) ^ 0xff
  writeFileSync(join(room, 'damaged.deb'), deb)
  write('goreleaser/README.md', 'a program\n')
  execFileSync('tar', ['-czf', 'tool_1.0.0_linux_amd64.tar.gz', '-C', 'goreleaser', 'README.md'], { cwd: room })
  const done = await pushTo(['damaged.deb', 'tool_1.0.0_linux_amd64.tar.gz', 'tool_1.0.0_amd64.deb'])
  expect(done.stderr).toMatch(/error: damaged\.deb: /)
  expect(done.stderr).toMatch(/error: tool_1\.0\.0_linux_amd64\.tar\.gz: /)
  expect(done.stderr).toContain('Nothing was sent: 2 of 3 files would be refused.')
  expect([done.status, done.requests]).toEqual([1, []])
})

it('names files that are not there, are no packages, or are there twice, in one run', async () => {
  write('notes.txt', 'text')
  write('a/x.deb', '')
  write('b/x.deb', '')
  const done = await pushTo(['missing.deb', 'notes.txt', 'a/x.deb', 'b/x.deb'])
  expect(done.stderr).toContain('missing.deb is not a file that is there.')
  expect(done.stderr).toContain('"notes.txt" is no package this platform knows.')
  expect(done.stderr).toContain('Two of the files are called x.deb.')
  expect([done.status, done.requests]).toEqual([2, []])
})
