// A server that is nobody's friend, and names of files that a stranger chose: what they say is shown and not obeyed.
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { ARTIFACT, answer, refuse, room, run, serve, TOKEN, useRoom, write } from '../test/support/cli-room.ts'
import { printable } from './terminal.ts'

useRoom()

const ESCAPE = '\u001b]52;c;cm0gLXJm\u0007'
const BYTES = 'the bytes of a package'
const SHA256 = createHash('sha256').update(BYTES).digest('hex')

/** `fileName` and `url` as the server says them; what it was asked with. */
const download = async (fileName: string, urlOf = (server: string): string => `${server}/file`) => {
  const bearers: (string | undefined)[] = []
  const url: string = await serve((request, response) => {
    if (request.url === '/file') {
      bearers.push(request.headers.authorization)
      return response.end(BYTES)
    }
    const item = { ...ARTIFACT, format: 'deb', fileName, sha256: SHA256, url: urlOf(url) }
    answer(response, 200, {
      items: [{ ...item, channels: ['stable'], yankedFrom: [], createdAtMs: 1 }],
      nextCursor: null,
    })
  })
  const to = ['--url', url, '--token', TOKEN, '--project', 'acme/tool']
  return { ...(await run(['package', 'download', 'art_1', '--out', 'in/here', ...to])), bearers }
}

describe('distropack package download', () => {
  it('writes a package into the folder it was told', async () => {
    const done = await download('tool_1.0.0_amd64.deb')
    expect([done.status, readFileSync(join(room, 'in/here/tool_1.0.0_amd64.deb'), 'utf8')]).toEqual([0, BYTES])
  })

  it.each(['../../tool.deb', '/../../tool.deb', '..\\..\\tool.deb', '..', '.', '', '.bashrc', 'tool\n.deb'])(
    'writes nothing where the server calls the file %j',
    async (fileName) => {
      const done = await download(fileName)
      expect([done.status, done.bearers]).toEqual([1, []])
      expect(done.stderr).toContain('which is no package')
      expect(readdirSync(join(room, 'in/here'))).toEqual([])
      expect(existsSync(join(room, 'tool.deb'))).toBe(false)
    },
  )

  it.each(['no address', 'file:///etc/passwd', 'http://127.0.0.1:1/'])(
    'says in a sentence that %s gives no file',
    async (address) => {
      const done = await download('tool.deb', () => address)
      expect([done.status, done.stderr]).toEqual([4, expect.stringContaining('gives no usable answer')])
      expect(done.stderr).not.toContain('    at ')
      expect(readdirSync(join(room, 'in/here'))).toEqual([])
    },
  )
})

describe('words of strangers', () => {
  it('of a refusal do not reach the terminal as its commands, nor in JSON', async () => {
    const url = await serve((_, response) => refuse(response, 403, 'forbidden', `No.${ESCAPE}\u009b2J`))
    const to = ['whoami', '--url', url, '--token', TOKEN]
    const [people, program] = [await run(to), await run([...to, '--json'])]
    expect(people.stderr).toContain('error: No.\\u001b]52;c;cm0gLXJm\\u0007\\u009b2J\n')
    expect(`${people.stderr}${program.stdout}`).not.toMatch(/(?!\n)\p{Cc}/u)
    expect(JSON.parse(program.stdout).error.message).toContain(ESCAPE)
  })

  it('of a list and of a file’s name do not either', async () => {
    const url = await serve((_, response) =>
      answer(response, 200, {
        items: [{ ...ARTIFACT, format: 'deb', fileName: ESCAPE, channels: [], yankedFrom: [], createdAtMs: 1 }],
        nextCursor: null,
      }),
    )
    const listed = await run(['package', 'list', '--url', url, '--token', TOKEN, '--project', 'acme/tool'])
    expect([listed.status, listed.stdout]).toEqual([0, expect.stringContaining('\\u001b]52')])
    write(`${ESCAPE}.txt`, 'text')
    const pushed = await run(['push', `${ESCAPE}.txt`, '--url', url, '--token', TOKEN, '--project', 'acme/tool'])
    expect([pushed.status, pushed.stderr.includes('\u001b')]).toEqual([1, false])
  })

  it('keep their lines, tabs and letters', () => {
    expect(printable('a\tb\r\nc\nÄ 🙂')).toBe('a\tb\r\nc\nÄ 🙂')
    expect(printable('a\rb\u202e\u007f')).toBe('a\\u000db\\u202e\\u007f')
  })

  it('in place of an account’s answer are trouble in a sentence', async () => {
    const url = await serve((_, response) => answer(response, 200, null))
    const done = await run(['org', 'create', 'acme', '--url', url, '--email', 'ada@example.org'], {}, 'a password')
    expect([done.status, done.stderr]).toEqual([
      4,
      `error: ${url} gives no usable answer: its answer is not of this API.\n`,
    ])
  })
})
