// What a format builds from: the manifest after version, target, overrides, variables and globs are settled.
// A format reads this and never the manifest.
import type { Architecture } from './arch.ts'

/** Bytes in order. A chunk is good until the next is asked for: its memory may then be used for that one. */
export type ByteSource = AsyncIterable<Uint8Array>

export interface SourceFile {
  readonly sizeBytes: number
  /** Lower-case hex, where it is known without reading. */
  readonly sha256?: string
  /** May be called more than once; every call reads from the start. */
  open(): ByteSource
  /**
   * All bytes of a file that is small enough for its host to read it at once, not to be changed; a promise where that
   * must be waited for. Undefined: open it.
   */
  whole?(): Uint8Array | Promise<Uint8Array> | undefined
}

export interface Owned {
  /** Absolute, normalised, no trailing slash: `/usr/bin/hello`. */
  readonly path: string
  /** Permission bits with setuid, setgid and sticky (0o7777). */
  readonly mode: number
  readonly owner: string
  readonly group: string
  readonly mtimeSeconds: number
  /** Of a file's text (`de`, `pt_BR`): an installation may leave out languages. Only rpm knows it. */
  readonly language?: string
}

/** nFPM's content types after `tree` and globs are expanded. */
export type FileKind = 'file' | 'config' | 'config|noreplace' | 'config|missingok' | 'doc' | 'licence' | 'readme'

export type PackagedItem =
  | (Owned & { readonly kind: FileKind; readonly source: SourceFile })
  | (Owned & { readonly kind: 'dir' })
  /** A parent folder nobody listed: packed by formats that need it, owned by none that care. */
  | (Owned & { readonly kind: 'implicit dir' })
  | (Owned & { readonly kind: 'symlink'; readonly target: string })
  /** Owned by the package, not in it (rpm %ghost). */
  | (Owned & { readonly kind: 'ghost' })

/** nFPM's version parts, already split by the manifest's version_schema. */
export interface SpecVersion {
  readonly epoch?: number
  readonly version: string
  readonly prerelease?: string
  readonly metadata?: string
  readonly release?: string
}

/** Script bodies, by nFPM's names; formats take the ones they know. */
export type ScriptName =
  | 'preinstall'
  | 'postinstall'
  | 'preremove'
  | 'postremove'
  | 'preupgrade'
  | 'postupgrade'
  | 'pretrans'
  | 'posttrans'
  | 'verify'
  | 'trigger'
  | 'rules'
  | 'templates'
  | 'config'

export interface ChangelogEntry {
  readonly version: string
  readonly dateSeconds: number
  readonly packager: string
  readonly changes: readonly string[]
  readonly debDistribution?: string
  readonly debUrgency?: string
}

/** Each list in the manifest's order, each item one relation in the writer's words: `libc6 (>= 2.31)`. */
export interface Relations {
  readonly depends: readonly string[]
  readonly recommends: readonly string[]
  readonly suggests: readonly string[]
  readonly conflicts: readonly string[]
  readonly replaces: readonly string[]
  readonly provides: readonly string[]
}

export interface PackageSpec {
  readonly name: string
  readonly architecture: Architecture
  /** nFPM's `deb.arch`, `rpm.arch` …: used as it is instead of the mapped word. */
  readonly architectureOverride?: string
  readonly platform: string
  readonly version: SpecVersion
  readonly maintainer: string
  readonly description: string
  readonly vendor: string
  readonly homepage: string
  readonly licence: string
  readonly section: string
  readonly priority: string
  readonly relations: Relations
  /** Sorted by path, one item a path, every parent folder present (as `implicit dir` where nobody listed it). */
  readonly items: readonly PackagedItem[]
  readonly scripts: Readonly<Partial<Record<ScriptName, Uint8Array>>>
  readonly changelog: readonly ChangelogEntry[]
  /** Time of everything the manifest gives no time: SOURCE_DATE_EPOCH, the manifest's mtime, or the build's. */
  readonly mtimeSeconds: number
  /** Programs for other machines are packed all the same. */
  readonly allowForeignBinaries?: boolean
  /** The manifest's own block of this format (`deb:`, `rpm:` …), parsed; the format's `blockSchema` says its shape. */
  readonly block: unknown
}
