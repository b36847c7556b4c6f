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
 * Whether a path is looked for among package files first, and in the generation only then: a package's name says its
 * version behind its own. A guess that is wrong costs a read and nothing else.
 */
export const isLikePackage = (path: string): boolean => /[-_][0-9][^/]*$/.test(path)

/** A package's path in two: its own, and the ending of what is served beside it, if the path has one. */
export const splitPackagePath = (path: string): { readonly own: string; readonly ending: string } => {
  const ending = ENDING.exec(path)?.[0] ?? ''
  return { own: path.slice(0, path.length - ending.length), ending }
}

const ENDING = /\.(?:sig|intoto\.jsonl|(?:source\.)?cdx\.json|source\.spdx\.json)$/

/** The address of a newest version, which holds the very package file (core/downloads/latest.ts). */
export const isLatest = (path: string): boolean => /^files\/[^/]+\/latest\//.test(path)

/** The sha256 a path names in one of its segments, if any. */
export const digestInPath = (path: string): string | undefined =>
  path
    .split('/')
    .map((segment) => /^(?:.*[^0-9a-f])?([0-9a-f]{64})(?:[^0-9a-f].*)?$/.exec(segment)?.[1])
    .find((digest) => digest !== undefined)
