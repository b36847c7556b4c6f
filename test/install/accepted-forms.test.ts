// One package for every form of relation that is taken, in a real repository: apt of both releases reads its list whole,
// finds every package, and installs one.
import { fromUtf8 } from '@distropack/core/bytes/arrays.ts'
import { deb } from '@distropack/core/formats/deb/format.ts'
import { expect, it } from 'vitest'
import { SUITES } from '../../scripts/testing/roots.ts'
import { openAptRoot } from '../support/apt-root.ts'
import { inspectTools, memoryFile } from '../support/core-host.ts'
import { debOf } from '../support/deb-by-hand.ts'
import { GOOD_RELATIONS, stanzaOf } from '../support/relation-forms.ts'

const packages = GOOD_RELATIONS.map(([field, value], at) => {
  const control = stanzaOf(field, value).replace('hostile', `form${at}`)
  return { name: `form${at}`, bytes: debOf(control) }
})

const listed = async (bytes: Uint8Array): Promise<string> => {
  const entry = await deb.inspect(memoryFile(bytes), inspectTools)
  if (!entry.ok) throw new Error(entry.error.message)
  return fromUtf8(deb.repository.rows(entry.value, ['packages/amd64'], 'stable')[0]!.bytes)
}

it.each(SUITES)('apt of %s reads a list of every accepted form', async (suite) => {
  const root = await openAptRoot(suite)
  const stanzas: string[] = []
  for (const { name, bytes } of packages) {
    const path = `pool/${name}.deb`
    await root.write(`/srv/forms/${path}`, bytes)
    stanzas.push((await listed(bytes)).replace(/^Filename: .*$/m, `Filename: ${path}`))
  }
  await root.write('/srv/forms/Packages', stanzas.join(''))
  await root.write('/etc/apt/sources.list', 'deb [trusted=yes] file:/srv/forms ./\n')
  const updated = await root.run('apt-get', 'update')
  expect(updated.output.match(/^(W|E):.*$/gm), updated.output).toBeNull()
  const known = (await root.run('apt-cache', 'pkgnames', 'form')).output.trim().split('\n')
  expect(known.sort()).toEqual(packages.map(({ name }) => name).sort())
  const last = packages.at(-1)!.name
  const installed = await root.run('apt-get', 'install', '-y', last)
  expect([installed.status, installed.output.match(/^(W|E):.*$/gm)], installed.output).toEqual([0, null])
})
