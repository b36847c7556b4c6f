// A project's two keys: made with the project, sealed in D1, opened only here and only inside the Worker.
import type { CreateProject } from '@distropack/core/contract/api.ts'
import type { Fault } from '@distropack/core/fault.ts'
import type { SigningFacts } from '@distropack/core/format.ts'
import { err, ok, type Result } from '@distropack/core/result.ts'
import type { RepositorySigner } from '@distropack/core/tools.ts'
import { eq } from 'drizzle-orm'
import type { Database } from '../db/client.ts'
import { signingKeys } from '../db/schema.ts'
import { type GeneratedKey, generateOpenPgpKey, importOpenPgpKey, openPgpSigner } from './openpgp.ts'
import { generateRsaKey, rsaSigner } from './rsa.ts'
import type { Vault } from './vault.ts'

type KeyRow = typeof signingKeys.$inferSelect
const ownerOf = (projectId: string, kind: KeyRow['kind']): string => `${projectId}/${kind}`

/** Rows to insert with a new project. `nameSuffix` tells an earlier project of the same name apart. */
export const makeKeys = async (
  project: { readonly id: string; readonly organization: string; readonly slug: string },
  signing: CreateProject['signing'],
  vault: Vault,
  nowMs: number,
): Promise<Result<KeyRow[], readonly Fault[]>> => {
  const label = `${project.organization}/${project.slug} repository`
  const rsaName = `${project.organization}-${project.slug}-${project.id.slice(-8)}.rsa.pub`
  const openpgp =
    signing.kind === 'import'
      ? await importOpenPgpKey(signing.privateKey, new Date(nowMs))
      : ok(await generateOpenPgpKey(label, signing.kind))
  if (!openpgp.ok) return openpgp
  const rsa = await generateRsaKey(rsaName)
  const row = async (kind: KeyRow['kind'], key: GeneratedKey): Promise<KeyRow> => ({
    projectId: project.id,
    kind,
    name: key.name,
    publicKey: key.publicKey,
    sealedPrivateKey: await vault.seal(key.privateKey, ownerOf(project.id, kind)),
    createdAtMs: nowMs,
  })
  return ok(await Promise.all([row('openpgp', openpgp.value), row('rsa', rsa)]))
}

const readRows = async (database: Database, projectId: string): Promise<{ openpgp: KeyRow; rsa: KeyRow }> => {
  const rows = await database.select().from(signingKeys).where(eq(signingKeys.projectId, projectId))
  const openpgp = rows.find(({ kind }) => kind === 'openpgp')
  const rsa = rows.find(({ kind }) => kind === 'rsa')
  if (!openpgp || !rsa) throw new Error(`project ${projectId} has no signing keys`)
  return { openpgp, rsa }
}

export const readSigningFacts = async (database: Database, projectId: string): Promise<SigningFacts> => {
  const { openpgp, rsa } = await readRows(database, projectId)
  return {
    openpgpFingerprint: openpgp.name,
    openpgpPublicKeyArmored: openpgp.publicKey,
    rsaKeyName: rsa.name,
  }
}

export const openSigner = async (
  database: Database,
  vault: Vault,
  projectId: string,
): Promise<Result<RepositorySigner, Fault>> => {
  const { openpgp, rsa } = await readRows(database, projectId)
  const [openpgpKey, rsaKey] = await Promise.all([
    vault.open(openpgp.sealedPrivateKey, ownerOf(projectId, 'openpgp')),
    vault.open(rsa.sealedPrivateKey, ownerOf(projectId, 'rsa')),
  ])
  if (!openpgpKey.ok) return err(openpgpKey.error)
  if (!rsaKey.ok) return err(rsaKey.error)
  return ok({ openpgp: await openPgpSigner(openpgpKey.value), rsa: rsaSigner(rsa.name, rsaKey.value) })
}
