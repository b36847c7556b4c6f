// A page of projects is read from D1 alone: what each shows of its repository, its publisher has noted there.
import { runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { objectKey } from '@distropack/core/contract/objects.ts'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Env } from '../../workers/web/env.ts'
import { openPlatform } from '../../workers/web/services/platform/platform.ts'
import { listProjects } from '../../workers/web/services/projects/projects.ts'
import { api, freshPlatform, newOrganization, QUICK_KEYS, settle } from './web-fixture.ts'

const realEnv = env as unknown as Env
const NAMES = ['one', 'two', 'three']
let token = ''

beforeAll(async () => {
  await freshPlatform()
  token = await newOrganization('acme')
  for (const name of NAMES) {
    await api('PUT', `/projects/acme/${name}`, { token, json: QUICK_KEYS })
  }
  await settle()
})
afterAll(settle)

const headOf = async (project: string): Promise<{ generation: number }> => {
  const object = await realEnv.BUCKET.get(objectKey.head('acme', project))
  if (!object) throw new Error(`${project} has no head`)
  return object.json()
}

/** A platform that has no Durable Objects and no object store, and counts what it asks D1. */
const onD1Alone = () => {
  const asked: string[] = []
  const DB = new Proxy(realEnv.DB, {
    get: (target, name) => {
      if (name === 'prepare')
        return (sql: string) => {
          asked.push(sql)
          return target.prepare(sql)
        }
      const member = Reflect.get(target, name) as unknown
      return typeof member === 'function' ? member.bind(target) : member
    },
  })
  return { platform: openPlatform({ ...realEnv, DB, PUBLISHERS: undefined, BUCKET: undefined } as never), asked }
}

const organization = async () => {
  const row = await realEnv.DB.prepare("SELECT id, slug FROM organizations WHERE slug = 'acme'").first()
  return row as { id: string; slug: string }
}

it('says each one’s generation without asking its publisher, in as many questions for three as for one', async () => {
  const { platform, asked } = onD1Alone()
  const { items } = await listProjects(platform, await organization(), { limit: 50 })
  const heads = await Promise.all(items.map(({ project }) => headOf(project)))
  expect(items.map(({ project }) => project).sort()).toEqual([...NAMES].sort())
  expect(items.map(({ generation }) => generation)).toEqual(heads.map(({ generation }) => generation))
  expect(items.every(({ openpgpFingerprint, rsaKeyName }) => openpgpFingerprint && rsaKeyName)).toBe(true)
  const ofThree = asked.length
  await listProjects(platform, await organization(), { limit: 1 })
  expect(asked.length - ofThree).toBe(ofThree)
  expect(ofThree).toBe(2)
})

it('says it again once the publisher is woken, when whoever flipped could not note it', async () => {
  const { id } = (await realEnv.DB.prepare("SELECT id FROM projects WHERE slug = 'one'").first()) as { id: string }
  await realEnv.DB.prepare('UPDATE projects SET generation = 0 WHERE id = ?').bind(id).run()
  const publisher = realEnv.PUBLISHERS.get(realEnv.PUBLISHERS.idFromName(id))
  await publisher.publish(id)
  await runInDurableObject(publisher as never, async (_, state: DurableObjectState) => {
    await state.storage.setAlarm(Date.now())
  })
  const { generation } = await headOf('one')
  await expect
    .poll(async () => (await api('GET', '/projects/acme/one', { token })).body.generation, { timeout: 120_000 })
    .toBe(generation)
})
