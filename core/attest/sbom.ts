// A software bill of materials of one package: what is installed, with the digests that are known, as CycloneDX 1.6
// (https://cyclonedx.org/docs/1.6/json/).
import type { Entry } from '../model/entry.ts'

export interface SbomFacts {
  readonly entry: Entry
  /** A purl type (https://github.com/package-url/purl-spec): `deb`, `generic`. */
  readonly packageUrlType: string
  readonly namespace: string
  /** sha256 by installed path, of files whose bytes were seen. */
  readonly digests: ReadonlyMap<string, string>
  readonly repositoryUrl: string
  readonly nowMs: number
}

const purlOf = ({ entry, packageUrlType, namespace, repositoryUrl }: SbomFacts): string => {
  const { name, version, arch } = entry
  const path = [packageUrlType, namespace, name].map(encodeURIComponent).join('/')
  const qualifiers = `arch=${encodeURIComponent(arch)}&repository_url=${encodeURIComponent(repositoryUrl)}`
  return `pkg:${path}@${encodeURIComponent(version)}?${qualifiers}`
}

/** A UUID of the file's digest: the same package has the same serial number. */
const serialOf = (sha256: string): string => {
  const hex = `${sha256.slice(0, 12)}8${sha256.slice(13, 16)}a${sha256.slice(17, 32)}`
  return `urn:uuid:${hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')}`
}

export const sbomOf = (facts: SbomFacts): object => {
  const { entry, digests, nowMs } = facts
  const purl = purlOf(facts)
  const files = entry.paths.filter(({ kind }) => kind === 'file')
  return {
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    serialNumber: serialOf(entry.sha256),
    version: 1,
    metadata: {
      timestamp: new Date(nowMs).toISOString(),
      tools: { components: [{ type: 'application', name: 'distropack' }] },
      component: {
        type: 'application',
        'bom-ref': purl,
        name: entry.name,
        version: entry.version,
        description: entry.summary,
        purl,
        hashes: [{ alg: 'SHA-256', content: entry.sha256 }],
        properties: [
          { name: 'distropack:format', value: entry.format },
          { name: 'distropack:fileName', value: entry.fileName },
        ],
      },
    },
    components: files.map(({ path }) => {
      const sha256 = digests.get(path)
      return {
        type: 'file',
        'bom-ref': `file:${path}`,
        name: path,
        ...(sha256 ? { hashes: [{ alg: 'SHA-256', content: sha256 }] } : {}),
      }
    }),
    dependencies: [{ ref: purl, dependsOn: files.map(({ path }) => `file:${path}`) }],
  }
}
