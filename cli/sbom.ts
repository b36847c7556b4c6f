// The maker's own bill of materials, as `publish --sbom` takes it.
import { readFile, stat } from 'node:fs/promises'
import type { CreateBuild } from '@distropack/core/contract/api.ts'
import type { SourceRecord } from '@distropack/core/contract/sources.ts'
import { fault } from '@distropack/core/fault.ts'
import { ok, type Result } from '@distropack/core/result.ts'
import { digestOfFile } from '@distropack/packager/host/source-tree.ts'
import { faultTrouble, type Trouble } from './outcome.ts'

type Sbom = NonNullable<CreateBuild['sbom']>

export interface OwnSbom {
  /** For the upload. */
  readonly record: SourceRecord
  readonly sbom: Sbom
}

/** A bill of materials larger than this is a mistake. */
const MAX_SBOM_BYTES = 64 * 1024 * 1024

const mediaTypeOf = (text: string): Sbom['mediaType'] | undefined => {
  try {
    const document = JSON.parse(text) as { readonly bomFormat?: unknown; readonly spdxVersion?: unknown }
    if (document.bomFormat === 'CycloneDX') return 'application/vnd.cyclonedx+json'
    return typeof document.spdxVersion === 'string' ? 'application/spdx+json' : undefined
  } catch {
    return undefined
  }
}

export const openSbom = async (path: string): Promise<Result<OwnSbom, Trouble>> => {
  const found = await stat(path).catch(() => undefined)
  if (!found?.isFile()) return faultTrouble([fault('source_missing', `--sbom ${path}: there is no such file.`)])
  const isTooLarge = found.size > MAX_SBOM_BYTES
  const mediaType = isTooLarge ? undefined : mediaTypeOf(await readFile(path, 'utf8'))
  if (!mediaType) {
    const message = `--sbom ${path}: it is neither CycloneDX nor SPDX in JSON, or larger than 64 MiB.`
    return faultTrouble([fault('field_invalid', message)])
  }
  const digest = await digestOfFile(process.cwd(), path, found.size)
  if (!digest.ok) return faultTrouble([digest.error])
  const { sha256 } = digest.value
  const sizeBytes = found.size
  const record = { kind: 'file', path, mode: 0o644, mtimeSeconds: 0, sizeBytes, sha256 } as const
  return ok({ record, sbom: { sha256, sizeBytes, mediaType } })
}
