// Who may read a project that a command makes on the way.
import type { ClientTrouble } from '@distropack/core/contract/client.ts'
import { fault } from '@distropack/core/fault.ts'
import { err, ok } from '@distropack/core/result.ts'
import { expect, it } from 'vitest'
import { type AccessFlags, ensureProject, type Project } from './new-project.ts'

type Access = 'public' | 'private'
const missing: ClientTrouble = { kind: 'refused', faults: [fault('not_found', 'There is none.')] }

/** A project of that access, or none; its organization makes private ones. */
const ensure = async (there: Access | undefined, flags: AccessFlags, answer?: string) => {
  const said: string[] = []
  const made: unknown[] = []
  const project = {
    read: async () => (there ? ok({ access: there }) : err(missing)),
    ensure: async (body: { access?: Access }) => {
      made.push(body)
      return ok({ access: body.access ?? 'private' })
    },
  } as unknown as Project
  const terminal = {
    say: (line: string) => void said.push(line),
    progress: () => {},
    ask: async (question: string) => {
      said.push(question)
      return answer
    },
  }
  const done = await ensureProject(project, { organization: 'acme', project: 'tool' }, flags, terminal)
  const trouble = done.ok ? undefined : done.error.faults.map(({ message }) => message).join()
  return { trouble, made, said: said.join('\n') }
}

it('is what the command line says, unasked', async () => {
  expect((await ensure(undefined, { private: true })).made).toEqual([{ access: 'private' }])
  expect((await ensure(undefined, { public: true })).made).toEqual([{ access: 'public' }])
})

it('is asked where somebody can answer', async () => {
  const { made, said } = await ensure(undefined, {}, ' Private ')
  expect(made).toEqual([{ access: 'private' }])
  expect(said).toMatch(/^There is no acme\/tool yet\. May everybody read it\? \[public\/private\] $/m)
  expect(said).toMatch(/acme\/tool is private$/)
})

it.each(['', 'y', 'yes', 'secret'])('is not guessed from the answer "%s"', async (answer) => {
  const { made, trouble } = await ensure(undefined, {}, answer)
  expect(made).toEqual([])
  expect(trouble).toContain('nothing was made. Give --public or --private.')
})

it('is the organization’s default where nobody can be asked, and is said', async () => {
  const { made, said } = await ensure(undefined, {}, undefined)
  expect(made).toEqual([{}])
  expect(said).toMatch(/acme\/tool is private, as acme has it; --public and --private say otherwise$/)
})

it('is left alone where the project is there', async () => {
  expect(await ensure('public', {})).toEqual({ trouble: undefined, made: [], said: '' })
  expect(await ensure('private', { private: true })).toEqual({ trouble: undefined, made: [], said: '' })
})

it('stops a publish that says private of what everybody reads', async () => {
  const { trouble, made } = await ensure('public', { private: true })
  expect(trouble).toBe('acme/tool is public, and --private says how a new project is made. Nothing was sent.')
  expect(made).toEqual([])
})
