// What is served beside a package to say where it comes from: provenance and an SBOM, signed with the repository's RSA
// key (its public half is `keys/{name}` of the repository), and the maker's own SBOM when there is one.

import { sbomOf } from '@distropack/core/attest/sbom.ts'
import {
  type Envelope,
  type Material,
  PAYLOAD_TYPE,
  paeOf,
  provenanceOf,
  type Statement,
  stateOf,
} from '@distropack/core/attest/statement.ts'
import { type CreateBuild, createBuildSchema } from '@distropack/core/contract/api.ts'
import { parseManifest } from '@distropack/core/manifest/parse.ts'
import { recordTree } from '@distropack/core/manifest/record-tree.ts'
import { resolve } from '@distropack/core/manifest/resolve.ts'
import { openWork } from '@distropack/core/manifest/work.ts'
import type { Content } from '@distropack/core/model/content.ts'
import type { Entry } from '@distropack/core/model/entry.ts'
import { parseTarget } from '@distropack/core/registry.ts'
import type { RsaSigner } from '@distropack/core/tools.ts'
import { unheard } from '@distropack/core/warning.ts'
import { eq } from 'drizzle-orm'
import { builds } from '../../db/schema.ts'
import { openRsaSigner } from '../../signing/keyring.ts'
import { openBlobFile, putBlobBytes } from '../../storage/blobs.ts'
import { simpleContent } from '../../storage/content.ts'
import { sha256Hex } from '../../storage/sha256.ts'
import { findProjectById } from '../access/access.ts'
import { readRequest } from '../builds/build-requests.ts'
import type { ClaimedJob } from '../builds/jobs.ts'
import { type Platform, repositoryUrl } from '../platform/platform.ts'
import { formatOf } from './entries.ts'

const JSON_LINES = 'application/vnd.in-toto+jsonl'
const CYCLONEDX = 'application/vnd.cyclonedx+json'
const SUFFIX = { provenance: '.intoto.jsonl', sbom: '.cdx.json' } as const

/** Endings of the maker's own SBOM, by its media type. */
const OWN_SBOM_SUFFIX: Readonly<Record<string, string>> = {
  [CYCLONEDX]: '.source.cdx.json',
  'application/spdx+json': '.source.spdx.json',
}

interface Inputs {
  readonly parameters: Readonly<Record<string, unknown>>
  readonly materials: readonly Material[]
  /** sha256 by installed path. */
  readonly digests: ReadonlyMap<string, string>
  readonly sbom?: CreateBuild['sbom']
}

/** Which source became which installed file: the manifest resolved once more, without bytes. */
const digestsOf = async (
  { bucket }: Platform,
  request: CreateBuild & { readonly mtimeSeconds: number },
  targetText: string,
): Promise<ReadonlyMap<string, string>> => {
  const manifest = parseManifest(request.manifest, request.manifestFile)
  const target = parseTarget(targetText)
  if (!manifest.ok || !target.ok) return new Map()
  const { format, architecture } = target.value
  const work = openWork()
  const spec = await resolve({
    manifest: manifest.value,
    version: request.version,
    variables: request.variables,
    tree: recordTree(request.sources, (file) => openBlobFile(bucket, file).stream(), work.budget),
    work,
    warn: unheard,
    buildTimeSeconds: request.mtimeSeconds,
    manifestName: format.manifestName,
    formatId: format.id,
    architecture,
  })
  if (!spec.ok) return new Map()
  const known = spec.value.items.flatMap((item) =>
    'source' in item && item.source.sha256 ? [[item.path, item.source.sha256] as const] : [],
  )
  return new Map(known)
}

/** A finished file that somebody made elsewhere: it is its own material. */
const inputsOfPush = ({ target, inputSha256, channel }: Pick<ClaimedJob, 'target' | 'inputSha256' | 'channel'>) => ({
  parameters: { fileName: target, channel },
  materials: [{ name: target, sha256: inputSha256 }],
  digests: new Map<string, string>(),
})

const inputsOf = async (platform: Platform, job: ClaimedJob): Promise<Inputs> => {
  if (job.kind === 'push') return inputsOfPush(job)
  const asked = await readRequest(platform, job)
  const request = createBuildSchema.parse(asked)
  const settled = { ...request, mtimeSeconds: request.mtimeSeconds ?? 0 }
  const sources = request.sources.flatMap((source) =>
    source.kind === 'file' ? [{ name: source.path, sha256: source.sha256 }] : [],
  )
  const { manifestFile, version = null } = request
  return {
    parameters: { manifest: manifestFile, target: job.target, version, channel: job.channel },
    materials: [{ name: manifestFile, sha256: await sha256Hex(request.manifest) }, ...sources],
    digests: await digestsOf(platform, settled, job.target),
    sbom: request.sbom,
  }
}

const sealStatement = async (statement: Statement, rsa: RsaSigner): Promise<string> => {
  const payload = new TextEncoder().encode(JSON.stringify(statement))
  const signed = async function* () {
    yield paeOf(payload)
  }
  const signature = await rsa.sign('SHA-256', signed())
  const envelope: Envelope = {
    payloadType: PAYLOAD_TYPE,
    payload: Buffer.from(payload).toString('base64'),
    signatures: [{ keyid: rsa.keyName, sig: Buffer.from(signature).toString('base64') }],
  }
  return `${JSON.stringify(envelope)}\n`
}

/** Stored as blobs and never inline: an artifact's row names them, and stays small. */
const store = async ({ bucket }: Platform, text: string, mediaType: string): Promise<Content> => {
  const { sha256, sizeBytes } = await putBlobBytes(bucket, new TextEncoder().encode(text))
  return simpleContent(sha256, sizeBytes, mediaType)
}

/** What is said of one package, as its companions hold it. */
export interface Attested {
  readonly provenance: string
  readonly sbom: string
}

/** What the packages of one build have in common is read once. */
const openAttestor = async (platform: Platform, { projectId, buildId }: Pick<ClaimedJob, 'projectId' | 'buildId'>) => {
  const { env, db, nowMs } = platform
  const [project, [build], vault] = await Promise.all([
    findProjectById(platform, projectId),
    db.select().from(builds).where(eq(builds.id, buildId)),
    platform.vault(),
  ])
  if (!project || !build) throw new Error(`build ${buildId} has no project or is gone`)
  if (!vault.ok) throw new Error(vault.error.message)
  const signer = await openRsaSigner(db, vault.value, projectId)
  if (!signer.ok) throw new Error(signer.error.message)
  return async (job: Pick<ClaimedJob, 'id' | 'kind'>, entry: Entry, inputs: Inputs): Promise<Attested> => {
    const subject = { name: entry.fileName, sha256: entry.sha256 }
    const sbom = sbomOf({
      entry,
      packageUrlType: formatOf(entry.format).packageUrlType ?? 'generic',
      namespace: project.organization,
      digests: inputs.digests,
      repositoryUrl: repositoryUrl(env, project.organization, project.slug),
      nowMs: build.createdAtMs,
    })
    const provenance = provenanceOf(subject, {
      builderUrl: env.PUBLIC_URL,
      kind: job.kind,
      parameters: inputs.parameters,
      requestedBy: build.madeBy ?? {},
      materials: inputs.materials,
      jobId: job.id,
      startedAtMs: build.createdAtMs,
      finishedAtMs: nowMs(),
    })
    const statements = [provenance, stateOf(subject, 'https://cyclonedx.org/bom', sbom)]
    const envelopes = await Promise.all(statements.map((statement) => sealStatement(statement, signer.value)))
    return { provenance: envelopes.join(''), sbom: `${JSON.stringify(sbom, null, 1)}\n` }
  }
}

/** Companions of a finished, sealed package, by suffix. */
export const attest = async (
  platform: Platform,
  job: ClaimedJob,
  entry: Entry,
): Promise<Readonly<Record<string, Content>>> => {
  const [attestOne, inputs] = await Promise.all([openAttestor(platform, job), inputsOf(platform, job)])
  const { provenance, sbom } = await attestOne(job, entry, inputs)
  const own = inputs.sbom
  return {
    [SUFFIX.provenance]: await store(platform, provenance, JSON_LINES),
    [SUFFIX.sbom]: await store(platform, sbom, CYCLONEDX),
    ...(own
      ? { [OWN_SBOM_SUFFIX[own.mediaType] ?? '.source.json']: simpleContent(own.sha256, own.sizeBytes, own.mediaType) }
      : {}),
  }
}

type PushedJob = Pick<ClaimedJob, 'id' | 'target' | 'inputSha256'>

/** The same for many pushed files: what is said of each, by suffix, to be stored with that of others. */
export const openPushAttestor = async (
  platform: Platform,
  { channel, ...build }: Pick<ClaimedJob, 'projectId' | 'buildId' | 'channel'>,
) => {
  const attestOne = await openAttestor(platform, build)
  return async (job: PushedJob, entry: Entry) => {
    const said = await attestOne({ id: job.id, kind: 'push' }, entry, inputsOfPush({ ...job, channel }))
    return [
      { suffix: SUFFIX.provenance, text: said.provenance, mediaType: JSON_LINES },
      { suffix: SUFFIX.sbom, text: said.sbom, mediaType: CYCLONEDX },
    ]
  }
}
