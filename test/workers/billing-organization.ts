// An organization on Free with two projects and nothing used, before each test, and what tests of its limits do with it.
import { afterAll, beforeAll, beforeEach, expect, vi } from 'vitest'
import {
  type Answer,
  api,
  freshAccount,
  freshBilling,
  makeProject,
  newOrganization,
  START_MS,
  testEnv,
} from './billing-fixture.ts'
import { settle, sha256Of, uploadText } from './web-fixture.ts'

export const PAGE = 'http://platform.test/acme/billing'

/** An administrating token; there from the first test on. */
export let acme: string

const EMPTIED = [
  'subscriptions',
  'stripe_events',
  'billing_customers',
  'build_usage',
  'storage_usage',
  'project_blobs',
  'uploads',
]

/** Call it once at the top of a file. */
export const useFreeOrganization = (): void => {
  beforeAll(async () => {
    await freshBilling()
    acme = await newOrganization('acme')
    await makeProject(acme, 'acme/tool')
    await makeProject(acme, 'acme/other')
  })
  afterAll(async () => {
    vi.useRealTimers()
    await settle()
  })
  beforeEach(async () => {
    vi.setSystemTime(START_MS)
    await freshAccount()
    for (const table of EMPTIED) await testEnv.DB.prepare(`DELETE FROM ${table}`).run()
    await testEnv.DB.prepare("UPDATE jobs SET state = 'failed' WHERE state IN ('waiting', 'building')").run()
  })
}

export const expectRefusal = (answer: Answer, message: RegExp): void => {
  expect([answer.status, answer.body.error.code]).toEqual([402, 'quota_exceeded'])
  expect(answer.body.error.message).toMatch(message)
  expect(answer.body.error.message).toContain(PAGE)
  expect(answer.body.error.link).toBe(PAGE)
}

export const upload = async (project: string, text: string): Promise<Answer> => {
  const bytes = new TextEncoder().encode(text)
  return api('PUT', `/projects/${project}/blobs/${await sha256Of(bytes)}`, { token: acme, bytes })
}

export const MANIFEST = `name: tool
arch: amd64
version: 1.0.0
maintainer: A Person <a@example.com>
description: A tool
contents:
  - src: ./tool
    dst: /usr/bin/tool
`
export const PROGRAM = '#!/bin/sh\necho tool\n'

export const build = async (
  more: { targets?: string[]; manifest?: string; variables?: Record<string, string> } = {},
): Promise<Answer> => {
  const sha256 = await uploadText(acme, 'acme/tool', PROGRAM)
  const source = { path: 'tool', kind: 'file', mode: 0o755, mtimeSeconds: 1, sizeBytes: PROGRAM.length, sha256 }
  const json = { manifest: MANIFEST, sources: [source], targets: ['deb/amd64'], ...more }
  return api('POST', '/projects/acme/tool/builds', { token: acme, json })
}
