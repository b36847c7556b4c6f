// What a package format is. One folder under formats/ implements it; nothing outside that folder knows more.
// The interface says what, ports in tools.ts say with what, and the registry says which.
import type * as z from 'zod'
import type { Fault } from './fault.ts'
import type { Architecture } from './model/arch.ts'
import type { RepositoryFile } from './model/content.ts'
import type { Entry } from './model/entry.ts'
import type { PackageSpec, SpecVersion } from './model/spec.ts'
import type { Result } from './result.ts'
import type { StreamState } from './segments/stream.ts'
import type { BuildTools, ByteSink, IndexTools, InspectTools, PackageSigner, SeekableFile } from './tools.ts'
import type { Warning } from './warning.ts'

export interface Format<E extends Entry = Entry> {
  /** First half of a target: `deb/amd64`. */
  readonly id: string
  /** For people: `Debian and Ubuntu (apt)`. */
  readonly title: string
  /** The word of nFPM's `packager:` and `overrides:`; its block in the manifest has the same name. */
  readonly manifestName: string
  /** The kind of key the `signature` of its manifest block names, for local builds. Absent: it has no such key. */
  readonly localKey?: 'openpgp' | 'rsa'
  /** Further words for it, of its package manager or of other tools. */
  readonly alsoCalled?: readonly string[]
  /** Recognises a finished file by its name. */
  readonly fileSuffix: string
  /** Further endings of finished files by others, which `inspect` reads: `.pkg.tar.xz`. */
  readonly otherFileSuffixes?: readonly string[]
  readonly mediaType: string
  /** How a package URL calls it (purl-spec, types); absent: `generic`. */
  readonly packageUrlType?: string
  /** Go's word to this format's; a target outside it is refused before anything is built. */
  readonly architectures: Readonly<Partial<Record<Architecture, string>>>
  /** The C library of systems that install it, where it is not glibc. */
  readonly libc?: 'musl'
  /** Not among the targets of a manifest that names none. */
  readonly onlyWhenAsked?: true
  readonly entrySchema: z.ZodType<E>
  /** Shape of the manifest's block of this format. */
  readonly blockSchema: z.ZodType

  /** Names, versions and relations this format forbids. Empty: `build` will not fail for the spec's words. */
  check(spec: PackageSpec): readonly Fault[]
  /** What it takes though a maker should know of it, for a spec that `check` finds nothing wrong with. */
  advise?(spec: PackageSpec): readonly Warning[]
  fileName(spec: PackageSpec): string
  /** Writes one installable file as a stream. The same spec and bytes give the same file, byte for byte. */
  build(spec: PackageSpec, sink: ByteSink, tools: BuildTools): Promise<Result<E, Fault>>
  /** Reads a finished file, ours or a stranger's; `inspect(build(x))` equals build's entry. */
  inspect(file: SeekableFile, tools: InspectTools): Promise<Result<E, Fault>>
  /** Puts a repository's signature into a finished file without touching its payload. Absent: nothing to sign. */
  seal?(file: SeekableFile, entry: E, signer: PackageSigner, tools: InspectTools): Promise<Result<Sealed<E>, Fault>>
  /** Negative, zero, positive, exactly as the real tool decides. */
  compareVersions(a: string, b: string): number
  /** A version's parts in this format's own words. */
  spellVersion(version: SpecVersion): string
  /** A version without epoch and release: what the program's own maker calls it, still in this format's words. */
  upstreamOf(version: string): string
  readonly repository: RepositoryLayout<E>
}

/** A signed file as pieces of the unsigned one and new bytes; `sizeBytes` and `sha256` of `entry` are the caller's. */
export interface Sealed<E extends Entry> {
  readonly pieces: readonly ({ readonly bytes: Uint8Array } | { readonly offset: number; readonly sizeBytes: number })[]
  readonly entry: E
  /** Files served beside it, by suffix: `{suffix: '.sig', bytes}`. */
  readonly companions: readonly { readonly suffix: string; readonly bytes: Uint8Array; readonly mediaType: string }[]
}

/** One entry's contribution to one index stream. */
export interface Row {
  /** Names an index of a channel, in the format's own way: `packages/amd64`. */
  readonly stream: string
  readonly bytes: Uint8Array
  /** Of several rows with one group in a stream only the newest version stays (pacman's databases, Contents). */
  readonly group?: string
}

/** A reader's view of one repository: what instructions and index files may say about it. */
export interface RepositoryAddress {
  /** No trailing slash: `https://host/r/acme/tool`. */
  readonly baseUrl: string
  readonly organization: string
  readonly project: string
  readonly channel: string
}

/** The same, for lines that people paste. */
export interface ReaderAddress extends RepositoryAddress {
  /** Readers send a token. */
  readonly isPrivate: boolean
}

export interface ChannelState {
  readonly address: RepositoryAddress
  /** By stream name; every stream of `baseStreams` is there. */
  readonly streams: ReadonlyMap<string, StreamState>
}

/** Text a person pastes, or does. */
export interface Instruction {
  readonly title: string
  /** Lines for a root shell. */
  readonly commands: readonly string[]
  readonly note?: string
}

export interface RepositoryLayout<E extends Entry = Entry> {
  /** The first path segment below the repository's base: `apt`. Formats with one root share streams and files. */
  readonly root: string
  /** Streams a channel has before anything is published, so that an empty repository is a valid one. */
  readonly baseStreams: readonly string[]
  /** A stream seen for the first time starts as a copy of this one (packages for every architecture). */
  seed(stream: string): string | undefined
  /** Where the package file itself is served until it is deleted, also once it is yanked: `apt/pool/main/h/hello/hello_1.0_amd64.deb`. */
  packagePath(entry: E, channel: string): string
  /** More addresses of the same file, for clients that ask beside the index they read; `streams` are the channel's. */
  packageAliases?(entry: E, channel: string, streams: readonly string[]): readonly string[]
  /** `streams` are the ones the channel has; a row may name a new one. Each row is whole: joined rows are the index. */
  rows(entry: E, streams: readonly string[], channel: string): readonly Row[]
  /** Why no index may have an entry, for those that were made before a check which `inspect` now does. */
  refuses?(entry: E): Fault | undefined
  /** Every index file of a channel. `immutable` ones are named by their hash and written once. */
  files(channel: ChannelState, tools: IndexTools): Promise<readonly IndexFile[]>
  /** Files of the whole repository and not of a channel: keys under the names this format's clients want. */
  keyFiles?(
    keys: PublicKeys,
  ): readonly { readonly path: string; readonly bytes: Uint8Array; readonly mediaType: string }[]
  instructions(address: ReaderAddress, packageNames: readonly string[], keys: PublicKeys): Instruction
}

export interface PublicKey {
  /** OpenPGP: the fingerprint in upper-case hex. RSA and usign: the file's name among a client's keys. */
  readonly name: string
  /** Armored, PEM, or usign's two lines. */
  readonly publicKey: string
}

/**
 * What readers are given: the keys that sign, the one that signs packages first, and behind them those that packages
 * still on offer were signed with.
 */
export interface PublicKeys {
  readonly openpgp: readonly PublicKey[]
  readonly rsa: readonly PublicKey[]
  readonly usign: readonly PublicKey[]
}

export interface IndexFile extends RepositoryFile {
  /** `content`: its path holds its sha256 or can never mean other bytes. `pointer`: each generation has its own. */
  readonly lifetime: 'content' | 'pointer'
  /** A pointer whose readers are sent to the generation they saw, so that it and its signature agree. */
  readonly pin?: true
  /** A pointer that holds the very file served there: it shows nothing once that is taken back, in no generation. */
  readonly packagePath?: string
}
