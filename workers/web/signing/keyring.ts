// A project's keys: made with the project, sealed in D1, opened only here and only inside the Worker. One of each kind
// signs; while keys change over, a second one is there already (core/contract/keys.ts says what its state means).
import type { KeyState, NewKey } from '@distropack/core/contract/keys.ts'
import type { Fault } from '@distropack/core/fault.ts'
import type { PublicKey, PublicKeys } from '@distropack/core/format.ts'
import { err, ok, type Result } from '@distropack/core/result.ts'
import type { RepositorySigner, RsaSigner } from '@distropack/core/tools.ts'
import { eq, inArray } from 'drizzle-orm'
import { chunksForStatement, type Database } from '../db/client.ts'
import { signingKeys } from '../db/schema.ts'
import { type GeneratedKey, generateOpenPgpKey, importOpenPgpKey, openPgpSigner } from './openpgp.ts'
import { openPgpIndexSigner } from './openpgp-index.ts'
import { generateRsaKey, importRsaKey, rsaSigner } from './rsa.ts'
import { generateUsignKey, usignSigner } from './usign.ts'
import type { Vault } from './vault.ts'

export type KeyRow = typeof signingKeys.$inferSelect
type Kind = KeyRow['kind']

/** What a sealed key is bound to. */
const ownerOf = (projectId: string, kind: Kind): string => `${projectId}/${kind}`
/** What a row's private key is sealed for; see Vault. */
export const sealedByKeyOwner = ({ projectId, kind }: KeyRow): string => ownerOf(projectId, kind)

export interface KeyOwner {
  readonly id: string
  readonly organization: string
  readonly slug: string
  /** Tells apk's keys of one repository apart, and those of an earlier project of the same name. */
  readonly suffix: string
  readonly state: KeyState
}

/** Rows to insert: one key of each kind. Those that are made, not imported, take some seconds of CPU. */
export const makeKeys = async (
  owner: KeyOwner,
  signing: NewKey,
  vault: Vault,
  nowMs: number,
): Promise<Result<KeyRow[], readonly Fault[]>> => {
  const label = `${owner.organization}/${owner.slug} repository`
  const ownRsa = signing.rsa && importRsaKey(signing.rsa.name, signing.rsa.privateKey)
  if (ownRsa && !ownRsa.ok) return err([ownRsa.error])
  const openpgp =
    signing.kind === 'import'
      ? await importOpenPgpKey(signing.privateKey, new Date(nowMs))
      : ok(await generateOpenPgpKey(label, signing.kind))
  if (!openpgp.ok) return openpgp
  const rsaName = `${owner.organization}-${owner.slug}-${owner.suffix}.rsa.pub`
  const rsa = ownRsa?.value ?? (await generateRsaKey(rsaName))
  const row = async (kind: Kind, key: GeneratedKey): Promise<KeyRow> => ({
    projectId: owner.id,
    kind,
    name: key.name,
    state: owner.state,
    publicKey: key.publicKey,
    sealedPrivateKey: await vault.seal(key.privateKey, ownerOf(owner.id, kind)),
    createdAtMs: nowMs,
  })
  const usign = generateUsignKey(label)
  return ok(await Promise.all([row('openpgp', openpgp.value), row('rsa', rsa), row('usign', usign)]))
}

const ORDER: readonly KeyState[] = ['signing', 'next', 'retired', 'revoked']

/** The signing one first, then the one to come, then older ones, the newest first. */
const inSigningOrder = (rows: readonly KeyRow[]): readonly KeyRow[] =>
  rows.toSorted((a, b) => ORDER.indexOf(a.state) - ORDER.indexOf(b.state) || b.createdAtMs - a.createdAtMs)

export const readKeys = async (database: Database, projectId: string): Promise<readonly KeyRow[]> => {
  const rows = await database.select().from(signingKeys).where(eq(signingKeys.projectId, projectId))
  return inSigningOrder(rows)
}

const pick = (rows: readonly KeyRow[], kind: Kind, states: readonly KeyState[]): readonly KeyRow[] =>
  rows.filter((row) => row.kind === kind && states.includes(row.state))

const publicHalf = ({ name, publicKey }: KeyRow): PublicKey => ({ name, publicKey })

/** Everything of keys that an index or a page depends on, as one text to compare. */
export const describeKeys = (rows: readonly KeyRow[]): string =>
  rows.map(({ kind, name, state }) => `${kind} ${name} ${state}`).join('\n')

/** What readers are given. A revoked key is no longer among them. */
export const publicKeysOf = (rows: readonly KeyRow[]): PublicKeys => ({
  openpgp: pick(rows, 'openpgp', ['signing', 'next', 'retired']).map(publicHalf),
  rsa: pick(rows, 'rsa', ['signing', 'next', 'retired']).map(publicHalf),
  usign: pick(rows, 'usign', ['signing', 'next', 'retired']).map(publicHalf),
})

export const readPublicKeys = async (database: Database, projectId: string): Promise<PublicKeys> =>
  publicKeysOf(await readKeys(database, projectId))

/** By project; one question for a page of them. */
export const readPublicKeysOf = async (
  database: Database,
  projectIds: readonly string[],
): Promise<ReadonlyMap<string, PublicKeys>> => {
  const rows: KeyRow[] = []
  for (const chunk of chunksForStatement(projectIds, 1)) {
    rows.push(...(await database.select().from(signingKeys).where(inArray(signingKeys.projectId, chunk))))
  }
  const byProject = Map.groupBy(inSigningOrder(rows), ({ projectId }) => projectId)
  return new Map([...byProject].map(([projectId, own]) => [projectId, publicKeysOf(own)]))
}

const openAll = async (vault: Vault, rows: readonly KeyRow[]): Promise<Result<readonly string[], Fault>> => {
  const keys: string[] = []
  for (const { projectId, kind, sealedPrivateKey } of rows) {
    const opened = await vault.open(sealedPrivateKey, ownerOf(projectId, kind))
    if (!opened.ok) return opened
    keys.push(opened.value)
  }
  return ok(keys)
}

/** Projects that are older than opkg's format get its key when they are next signed for. */
const withUsign = async (database: Database, vault: Vault, projectId: string): Promise<readonly KeyRow[]> => {
  const rows = await readKeys(database, projectId)
  if (pick(rows, 'usign', ['signing']).length > 0) return rows
  const { privateKey, ...key } = generateUsignKey('repository')
  const sealedPrivateKey = await vault.seal(privateKey, ownerOf(projectId, 'usign'))
  const row = { ...key, projectId, kind: 'usign', state: 'signing', sealedPrivateKey } as const
  await database
    .insert(signingKeys)
    .values({ ...row, createdAtMs: Date.now() })
    .onConflictDoNothing()
  return readKeys(database, projectId)
}

export const openSigner = async (
  database: Database,
  vault: Vault,
  projectId: string,
): Promise<Result<RepositorySigner, Fault>> => {
  const rows = await withUsign(database, vault, projectId)
  const openpgpRows = pick(rows, 'openpgp', ['signing', 'next'])
  const rsaRows = pick(rows, 'rsa', ['signing', 'next'])
  const openpgp = await openAll(vault, openpgpRows)
  if (!openpgp.ok) return err(openpgp.error)
  const rsa = await openAll(vault, rsaRows)
  if (!rsa.ok) return err(rsa.error)
  const [usignRow] = pick(rows, 'usign', ['signing'])
  const usign = await openAll(vault, usignRow ? [usignRow] : [])
  if (!usign.ok) return err(usign.error)
  const [first] = openpgp.value
  const [signing, nextRsa] = rsa.value.map((key, at) => rsaSigner(rsaRows[at]!.name, key))
  if (first === undefined || !signing || !usignRow) throw new Error(`project ${projectId} has no signing keys`)
  return ok({
    openpgp: await openPgpSigner(first),
    indexes: await openPgpIndexSigner(openpgp.value),
    rsa: signing,
    usign: usignSigner(usignRow.name, usign.value[0]!),
    ...(nextRsa ? { nextRsa } : {}),
  })
}

/** The RSA key alone: for what is signed beside a repository's own indexes and packages. */
export const openRsaSigner = async (
  database: Database,
  vault: Vault,
  projectId: string,
): Promise<Result<RsaSigner, Fault>> => {
  const [signing] = pick(await readKeys(database, projectId), 'rsa', ['signing'])
  if (!signing) throw new Error(`project ${projectId} has no signing keys`)
  const key = await vault.open(signing.sealedPrivateKey, ownerOf(projectId, 'rsa'))
  return key.ok ? ok(rsaSigner(signing.name, key.value)) : key
}
