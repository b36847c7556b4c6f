// Ports: what core needs of its host. A Worker, a Node process and a test each hand in their own.
import type { Budget } from './budget.ts'
import type { IndexFile } from './format.ts'
import type { Content, Part } from './model/content.ts'
import type { ByteSource } from './model/spec.ts'
import type { Warn } from './warning.ts'

export type Codec = 'none' | 'gzip' | 'xz' | 'zstd' | 'bzip2'
export type HashName = 'md5' | 'sha1' | 'sha256' | 'sha512'

export interface Hash {
  update(bytes: Uint8Array): void
  /** Once only. */
  digest(): Uint8Array
}

export interface ByteSink {
  /** Resolves when the receiver can take more, and has done with the chunk: its memory is the caller's again. */
  write(chunk: Uint8Array): Promise<void>
}

/** A place for bytes whose size or hash must be known before what stands in front of them can be written. */
export interface Spool extends ByteSink {
  readonly sizeBytes: number
  read(): ByteSource
}

export interface BuildTools {
  hash(name: HashName): Hash
  /** Of bytes at hand; lower-case hex. */
  digest(name: HashName, bytes: Uint8Array): string
  /** One stream (one gzip member, one zstd frame, one xz stream); the same input gives the same bytes. */
  compress(codec: Codec, source: ByteSource, level?: number): ByteSource
  /** Spools end with the build, however it ends. */
  spool(): Promise<Spool>
  /** For local builds with the user's own key; absent on the platform, which signs after the build. */
  readonly signer?: PackageSigner
  readonly log: (line: string) => void
  /** What the package's maker should know, though it is built. */
  readonly warn: Warn
}

export interface SeekableFile {
  readonly sizeBytes: number
  /** Fewer bytes only at the end of the file. */
  read(offset: number, lengthBytes: number): Promise<Uint8Array>
  /** A chunk is good until the next is asked for: a Worker reads all of them into the same memory. */
  stream(offset?: number, lengthBytes?: number): ByteSource
}

export interface InspectTools {
  hash(name: HashName): Hash
  /** Bounded memory whatever the source is, and turns for others in between; what it gives is counted by its reader. */
  decompress(codec: Codec, source: ByteSource): ByteSource
  /** What was repaired, or left out of the entry, of a file that is taken all the same. */
  readonly warn: Warn
  /** Of this one file. */
  readonly budget: Budget
}

/** What a package may be signed with. Private keys stay behind these calls. */
export interface PackageSigner {
  readonly openpgp?: OpenPgpSigner
  readonly rsa?: RsaSigner
  /** While keys change over, the one that will follow `rsa`: for packages that can carry several signatures. */
  readonly nextRsa?: RsaSigner
}

export interface OpenPgpSigner {
  /** Upper-case hex. */
  readonly fingerprint: string
  readonly publicKeyArmored: string
  readonly publicKeyBinary: Uint8Array
  clearSign(text: string): Promise<string>
  /** A source is hashed as it passes: whole packages are signed this way. */
  detachSign(bytes: Uint8Array | ByteSource, form: 'armored' | 'binary'): Promise<Uint8Array>
}

/** apk's scheme: PKCS#1 v1.5 by a key known by its file name. */
export interface RsaSigner {
  /** Exactly the file's name in /etc/apk/keys: `demo-hello-5f3a.rsa.pub`. */
  readonly keyName: string
  readonly publicKeyPem: string
  sign(hash: 'SHA-1' | 'SHA-256', bytes: ByteSource): Promise<Uint8Array>
}

/**
 * Signs indexes whose clients take several signatures: by one key, and by two while one follows the other. The one
 * that every reader has comes first, for zypper looks at the first signature alone.
 */
export interface IndexSigner {
  /** Upper-case hex. */
  readonly fingerprints: readonly string[]
  /** Of those keys, in one block: gpgv and apt read no second one. */
  readonly publicKeyArmored: string
  clearSign(text: string): Promise<string>
  /** Armored. */
  detachSign(bytes: Uint8Array): Promise<Uint8Array>
}

/** opkg's scheme: Ed25519 by a key known by its number. */
export interface UsignSigner {
  /** Exactly the file's name in /etc/opkg/keys: sixteen hex digits. */
  readonly keyName: string
  /** The text of a `.sig` file. Ed25519 reads what it signs twice, so all of it is in memory. */
  sign(bytes: Uint8Array): Promise<string>
}

export interface RepositorySigner extends PackageSigner {
  /** Signs packages, and indexes whose clients take one signature. */
  readonly openpgp: OpenPgpSigner
  readonly rsa: RsaSigner
  readonly indexes: IndexSigner
  readonly usign: UsignSigner
}

/** apk's keys that sign now, the one that every reader has first. */
export const rsaSigners = ({ rsa, nextRsa }: PackageSigner): readonly RsaSigner[] =>
  [rsa, nextRsa].filter((signer) => signer !== undefined)

/** What an index needs to become files. */
export interface IndexTools {
  readonly signer: RepositorySigner
  /** Of this generation; later generations never have an earlier one. */
  readonly nowSeconds: number
  /** The number of the generation these files become part of; readers find it for ever below `/@{generation}/`. */
  readonly generation: number
  /** Raw deflate ended by a full flush (bytes `00 00 ff ff`), so that pieces can be joined. */
  deflate(raw: Uint8Array): Uint8Array
  /** Keeps bytes as a blob, or inside the recipe when they are few. */
  store(bytes: Uint8Array): Promise<Part>
  /** Size and sha256 of what a reader gets; resumes from an earlier generation's state where the parts agree. */
  measure(content: Omit<Content, 'sizeBytes' | 'sha256'>): Promise<Content>
  /** The bytes of a recipe in order, for signatures over a whole file. */
  read(content: Content): ByteSource
  hash(name: HashName): Hash
  /** Files an earlier generation made under this name from the same inputs (JSON), or made now: nothing is signed twice. */
  reuse(
    name: string,
    inputs: readonly unknown[],
    make: () => Promise<readonly IndexFile[]>,
  ): Promise<readonly IndexFile[]>
}
