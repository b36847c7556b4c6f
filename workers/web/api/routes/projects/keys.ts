// Signing keys of a project: which there are, and how one follows another.
import { API_PATHS } from '@distropack/core/contract/api.ts'
import { keysSchema, retireKeysSchema, rotateKeysSchema } from '@distropack/core/contract/keys.ts'
import { listKeys, retireKeys, rotateKeys } from '../../../services/projects/keys.ts'
import { need } from '../../faults.ts'
import { answers, createRoute, inProject, jsonBody, newRouter, projectParams } from '../../route.ts'

const tags = ['Keys']
export const keys = newRouter()

const list = createRoute({
  method: 'get',
  path: API_PATHS.keys,
  tags,
  ...inProject('key.read'),
  summary: 'List signing keys, those at work first',
  request: { params: projectParams },
  responses: answers(200, 'Keys, their public halves alone', keysSchema),
})
keys.openapi(list, async (context) =>
  context.json({ items: await listKeys(context.get('platform'), context.get('project')) }, 200),
)

const rotate = createRoute({
  method: 'post',
  path: API_PATHS.rotateKeys,
  tags,
  ...inProject('key.edit'),
  summary: 'Make the next keys',
  description:
    'Readers are given them at once, and indexes are signed by the old and the next key wherever a client takes two ' +
    'signatures: those of apt, dnf and apk. Packages are signed by the old key until it is retired. Takes some seconds.',
  request: { params: projectParams, body: { ...jsonBody(rotateKeysSchema), required: false } },
  responses: answers(201, 'All keys', keysSchema),
})
keys.openapi(rotate, async (context) => {
  const { signing } = rotateKeysSchema.parse(context.req.valid('json') ?? {})
  const items = need(await rotateKeys(context.get('platform'), context.get('project'), signing))
  return context.json({ items }, 201)
})

const retire = createRoute({
  method: 'post',
  path: API_PATHS.retireKeys,
  tags,
  ...inProject('key.edit'),
  summary: 'Sign with the next keys alone',
  description: 'Readers keep the old public keys for packages they signed, unless the old ones are compromised.',
  request: { params: projectParams, body: { ...jsonBody(retireKeysSchema), required: false } },
  responses: answers(200, 'All keys', keysSchema),
})
keys.openapi(retire, async (context) => {
  const { compromised } = retireKeysSchema.parse(context.req.valid('json') ?? {})
  return context.json(
    { items: need(await retireKeys(context.get('platform'), context.get('project'), compromised)) },
    200,
  )
})
