// Every key of the object store in one file: the platform writes by it, the file server reads by it. No zod here:
// the file server must start in milliseconds.

export const objectKey = {
  blob: (sha256: string) => `blobs/${sha256.slice(0, 2)}/${sha256}`,
  /** A body in parts is verified here before it becomes a blob. */
  upload: (uploadKey: string) => `uploads/${uploadKey}`,
  /** What a build was asked to be made of. */
  request: (buildId: string) => `requests/${buildId}.json`,
  head: (organization: string, project: string) => `heads/${organization}/${project}.json`,
  tree: (repositoryId: string, generation: number) => `repositories/${repositoryId}/generations/${generation}.json`,
  /** The last generation of a UTC day; the number falls as days pass, so a listing starts at the newest. */
  day: (repositoryId: string, day: string) =>
    `repositories/${repositoryId}/days/${99999999 - Number(day.replaceAll('-', ''))}.json`,
  dayPrefix: (repositoryId: string) => `repositories/${repositoryId}/days/`,
  /** Content of a path that never changes its bytes: JSON of one Content. */
  path: (repositoryId: string, path: string) => `repositories/${repositoryId}/paths/${path}`,
  /** Content of a path that names its own sha256, wherever it stands (by-hash folders, checksum-named metadata). */
  digest: (repositoryId: string, sha256: string) => `repositories/${repositoryId}/digests/${sha256}.json`,
  grant: (tokenSha256: string) => `grants/${tokenSha256}.json`,
} as const

/**
 * Whether a path is looked for among package files first, and in the generation only then: endings of packages and of
 * what is served beside them, without the few indexes that end alike. A guess that is wrong costs a read and nothing else.
 */
export const isLikePackage = (path: string): boolean => PACKAGE_NAME.test(path) && !INDEX_NAME.test(path)

const BESIDE = String.raw`(?:\.(?:sig|intoto\.jsonl|cdx\.json|source\.cdx\.json|source\.spdx\.json))?`
const PACKAGE_NAME = new RegExp(String.raw`\.(?:deb|rpm|apk|ipk|zip|tar|tar\.(?:gz|xz|zst|bz2))${BESIDE}$`)
const INDEX_NAME = /(?:^|\/)(?:APKINDEX\.tar\.gz$|latest\/)/

/** The address of a newest version, which holds the very package file (core/downloads/latest.ts). */
export const isLatest = (path: string): boolean => /^files\/[^/]+\/latest\//.test(path)

/** The sha256 a path names in one of its segments, if any. */
export const digestInPath = (path: string): string | undefined =>
  path
    .split('/')
    .map((segment) => /^(?:.*[^0-9a-f])?([0-9a-f]{64})(?:[^0-9a-f].*)?$/.exec(segment)?.[1])
    .find((digest) => digest !== undefined)
