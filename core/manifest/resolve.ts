// Manifest and target to PackageSpec: variables, overrides, defaults, version, contents, scripts, changelog.
// Pure: files come from a SourceTree, times and variables from the caller. Reports every problem at once.
import { type Fault, fault } from '../fault.ts'
import type { Architecture } from '../model/arch.ts'
import type { ChangelogEntry, PackageSpec, ScriptName, SpecVersion } from '../model/spec.ts'
import { err, ok, type Result } from '../result.ts'
import { decodeText } from '../text/encoding.ts'
import { readScript } from '../text/script.ts'
import { type Warn, type WarningCode, warning } from '../warning.ts'
import { parseChangelog } from './changelog.ts'
import { resolveContents } from './contents.ts'
import { ExpansionTrouble, expandManifest, type Lookup } from './expand.ts'
import { type MergedManifest, mergeOverrides } from './overrides.ts'
import type { Manifest } from './parse.ts'
import { clean } from './paths.ts'
import type { ManifestValues } from './schema.ts'
import { follow, type SourceTree } from './tree.ts'
import { splitVersion } from './version.ts'
import type { Work } from './work.ts'
import type { KeyPath } from './yaml.ts'

export interface ResolveRequest {
  readonly manifest: Manifest
  /** Of the format: the word of `packager:`, `overrides:` and its block. */
  readonly manifestName: string
  /** Also a word of `packager:`, where several formats share one name in the manifest. */
  readonly formatId?: string | undefined
  readonly architecture: Architecture
  /** Replaces the manifest's own version. */
  readonly version?: string | undefined
  /** As the publisher's machine has them. SOURCE_DATE_EPOCH among them is the time of everything. */
  readonly variables: Readonly<Record<string, string>>
  readonly tree: SourceTree
  /** For everything that gets its time from nowhere else. */
  readonly buildTimeSeconds: number
  readonly warn: Warn
  /** One for all targets of a request. */
  readonly work: Work
}

/** nFPM's; an umask of 0 cannot be said there either. */
const DEFAULT_UMASK = 0o002
const DEFAULT_DESCRIPTION = 'no description given'
/** Scripts and changelogs are held in memory, a dozen of them, and also in a Worker that has 128 MB for everything. */
const MAX_TEXT_BYTES = 2 * 1024 * 1024

/** `${NAME}` alone: the variable that carries a whole value. */
const soleVariable = (value: string | undefined): string | undefined =>
  /^\s*v?\$(?:\{([A-Za-z_]\w*)\}|([A-Za-z_]\w*))\s*$/
    .exec(value ?? '')
    ?.slice(1)
    .find(Boolean)

/**
 * One manifest serves many targets: where it says `arch: ${GOARCH}`, GOARCH is each target's architecture, also in
 * paths; a version given for the build likewise fills the variable of `version: ${VERSION}`.
 */
const lookupFor = ({ manifest, manifestName, architecture, version, variables }: ResolveRequest): Lookup => {
  const own = new Map<string, string>([
    ['DISTROPACK_ARCH', architecture],
    ['DISTROPACK_FORMAT', manifestName],
  ])
  const archVariable = soleVariable(manifest.values.arch)
  if (archVariable) own.set(archVariable, architecture)
  const versionVariable = soleVariable(manifest.values.version)
  if (versionVariable && version !== undefined) own.set(versionVariable, version)
  return (name) => own.get(name) ?? (Object.hasOwn(variables, name) ? variables[name]! : '')
}

class Resolution {
  readonly faults: Fault[] = []
  private readonly request: ResolveRequest

  constructor(request: ResolveRequest) {
    this.request = request
  }

  report(code: Fault['code'], key: KeyPath, message: string): void {
    const where = this.request.manifest.where(key)
    this.faults.push(fault(code, `${where.file}:${where.line ?? 1}:${where.column ?? 1}: ${message}`, where))
  }

  warn(code: WarningCode, key: readonly (string | number)[], message: string): void {
    const where = this.request.manifest.where(key)
    this.request.warn(warning(code, `${where.file}:${where.line ?? 1}:${where.column ?? 1}: ${message}`, where))
  }

  /** Undefined when a field, or all of them, grow too large. */
  expand(): ManifestValues | undefined {
    try {
      return expandManifest(this.request.manifest.values, lookupFor(this.request))
    } catch (error) {
      if (!(error instanceof ExpansionTrouble)) throw error
      this.report('limit_exceeded', error.key, `\`${error.key.join('.')}\` ${error.message}`)
      return undefined
    }
  }

  name(values: MergedManifest): string {
    if (values.name !== '') return values.name
    const written = this.request.manifest.values.name
    if (written.includes('$')) this.report('manifest_unset_variable', ['name'], `${written} is empty: set the variable`)
    else this.report('manifest_invalid', ['name'], '`name` is empty')
    return ''
  }

  version(values: MergedManifest): SpecVersion {
    const written = this.request.manifest.values.version
    const version = this.request.version ?? values.version ?? ''
    if (version === '') {
      if (written?.includes('$')) {
        this.report('manifest_unset_variable', ['version'], `${written} is empty: set the variable, or give --version`)
      } else this.report('manifest_invalid', ['version'], '`version` is missing: write it here, or give --version')
    }
    const { epoch } = values
    if (epoch && !/^\d{1,9}$/.test(epoch)) {
      this.report('version_invalid', ['epoch'], `epoch "${epoch}" is not a whole number`)
    }
    return splitVersion({
      version,
      schema: values.version_schema ?? 'semver',
      ...(epoch ? { epoch: Number(epoch) } : {}),
      prerelease: values.prerelease,
      metadata: values.version_metadata,
      release: values.release,
    })
  }

  umask({ umask }: MergedManifest): void {
    const { manifest, manifestName } = this.request
    const over = ['overrides', manifestName, 'umask']
    const key = manifest.written(over) === '' ? ['umask'] : over
    const written = manifest.written(key)
    // Two digits are as common as three: `umask: 22`.
    if (umask === undefined || !/^[1-7][0-7]{1,3}$/.test(written)) return
    this.warn(
      'mode_decimal',
      key,
      `umask ${written} is a decimal number, as in nFPM, and means 0${umask.toString(8)}: write 0${written}`,
    )
  }

  /** A small file the manifest names outside `contents`; symlinks are followed. */
  async read(path: string, key: readonly (string | number)[]): Promise<Uint8Array | undefined> {
    const { tree } = this.request
    const followed = await follow(tree, clean(path))
    if (followed?.stat.kind !== 'file') {
      this.report('source_missing', key, `${path} is not there (paths are relative to the working folder)`)
      return undefined
    }
    if (followed.stat.sizeBytes > MAX_TEXT_BYTES) {
      this.report('field_invalid', key, `${path} has ${followed.stat.sizeBytes} bytes; ${MAX_TEXT_BYTES} are allowed`)
      return undefined
    }
    const source = await tree.open(followed.path)
    const bytes = new Uint8Array(source.sizeBytes)
    let length = 0
    for await (const chunk of source.open()) {
      bytes.set(chunk, length)
      length += chunk.length
    }
    return bytes.subarray(0, length)
  }

  async scripts(values: MergedManifest): Promise<Partial<Record<ScriptName, Uint8Array>>> {
    const { manifestName } = this.request
    const block = blockOf(values, manifestName)
    const scripts: Partial<Record<ScriptName, Uint8Array>> = {}
    const named = [
      ...Object.entries(values.scripts ?? {}).map((entry) => [['scripts', entry[0]], ...entry] as const),
      ...Object.entries(block.scripts ?? {}).map((entry) => [[manifestName, 'scripts', entry[0]], ...entry] as const),
    ]
    for (const [key, name, path] of named) {
      const at = this.writtenAt(key)
      const bytes = path ? await this.read(path, at) : undefined
      if (!bytes) continue
      const script = readScript(bytes)
      if (!script.ok) this.report('field_invalid', at, `${path} ${script.error}`)
      else scripts[name as ScriptName] = script.value.bytes
      if (script.ok && script.value.isConverted) {
        this.warn(
          'line_ends_converted',
          at,
          `${path} has Windows line ends (CRLF), which no shell runs; they were converted`,
        )
      }
    }
    return scripts
  }

  /** Where a merged value was written: in the override when it is there. */
  private writtenAt(key: readonly string[]): readonly string[] {
    const over = ['overrides', this.request.manifestName, ...key]
    const value = over.reduce<unknown>(
      (inner, step) => (inner as Readonly<Record<string, unknown>> | undefined)?.[step],
      this.request.manifest.values,
    )
    return value ? over : key
  }

  async changelog(values: MergedManifest): Promise<readonly ChangelogEntry[]> {
    if (!values.changelog) return []
    const bytes = await this.read(values.changelog, ['changelog'])
    if (!bytes) return []
    const text = decodeText(bytes, values.changelog)
    if (!text.ok) {
      this.faults.push(text.error)
      return []
    }
    const parsed = parseChangelog(text.value, values.changelog)
    if (parsed.ok) return parsed.value
    this.faults.push(...parsed.error)
    return []
  }
}

interface AnyBlock {
  readonly arch?: string
  readonly scripts?: Readonly<Record<string, string | undefined>>
}

const blockOf = (values: MergedManifest, manifestName: string): AnyBlock =>
  ((values as Readonly<Record<string, unknown>>)[manifestName] as AnyBlock | undefined) ?? {}

/** SOURCE_DATE_EPOCH is seconds; anything else in it is ignored, as nFPM does. */
const sourceDateEpoch = (variables: Readonly<Record<string, string>>): number | undefined => {
  const text = variables.SOURCE_DATE_EPOCH ?? ''
  return /^\d{1,12}$/.test(text) ? Number(text) : undefined
}

type Words = Omit<PackageSpec, 'name' | 'architecture' | 'version' | 'items' | 'scripts' | 'changelog' | 'mtimeSeconds'>

/** The manifest's words as they stand, with nFPM's defaults; what a format leaves out is its own business. */
const describe = (values: MergedManifest, manifestName: string): Words => {
  const block = blockOf(values, manifestName)
  const { depends = [], recommends = [], suggests = [], conflicts = [], replaces = [], provides = [] } = values
  return {
    ...(block.arch ? { architectureOverride: block.arch } : {}),
    platform: values.platform || 'linux',
    maintainer: values.maintainer ?? '',
    description: values.description || DEFAULT_DESCRIPTION,
    vendor: values.vendor ?? '',
    homepage: values.homepage ?? '',
    licence: values.license ?? '',
    section: values.section ?? '',
    priority: values.priority ?? '',
    relations: { depends, recommends, suggests, conflicts, replaces, provides },
    ...(values.allow_foreign_binaries ? { allowForeignBinaries: true } : {}),
    block,
  }
}

export const resolve = async (request: ResolveRequest): Promise<Result<PackageSpec, readonly Fault[]>> => {
  const { manifest, manifestName, architecture, tree, buildTimeSeconds } = request
  const resolution = new Resolution(request)
  const expanded = resolution.expand()
  if (!expanded) return err(resolution.faults)
  const values = mergeOverrides(expanded, manifestName)
  const name = resolution.name(values)
  if (manifest.hasByteOrderMark) {
    resolution.warn('byte_order_mark', [], 'begins with a byte order mark, which is read past; save it without')
  }
  const version = resolution.version(values)
  const mtimeSeconds = values.mtime ?? sourceDateEpoch(request.variables)
  resolution.umask(values)
  const { items, faults } = await resolveContents({
    contents: values.contents,
    packager: manifestName,
    formatId: request.formatId,
    tree,
    umask: values.umask || DEFAULT_UMASK,
    isGlobbingDisabled: values.disable_globbing ?? false,
    mtimeSeconds,
    buildTimeSeconds,
    work: request.work,
    where: (path) => manifest.where(path),
    written: (path) => manifest.written(path),
    warn: request.warn,
  })
  resolution.faults.push(...faults)
  const scripts = await resolution.scripts(values)
  const changelog = await resolution.changelog(values)
  if (resolution.faults.length > 0) return err(resolution.faults)
  return ok({
    ...describe(values, manifestName),
    name,
    architecture,
    version,
    items,
    scripts,
    changelog,
    mtimeSeconds: mtimeSeconds ?? buildTimeSeconds,
  })
}
