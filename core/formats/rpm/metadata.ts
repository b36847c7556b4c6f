// The words of a package as tags: names, texts, relations, scripts, changelog. Everything here is known before a byte
// of the payload is, so `check` can find every fault in it.
import type { Fault } from '../../fault.ts'
import type { PackageSpec } from '../../model/spec.ts'
import { err, ok, type Result } from '../../result.ts'
import { manyLines, oneLine } from '../../text/line.ts'
import type { RpmBlock } from './block.ts'
import { changelogTags } from './changelog.ts'
import { compressionOf } from './compression.ts'
import { hasLargeFile, type RpmFile } from './files.ts'
import { int32, strings, type TagValue, text, translated } from './header.ts'
import { isaOf, rpmArchitecture, rpmEvr, rpmRelease, rpmVersion } from './names.ts'
import { type Dependency, parseRelations, rpmlib, settleDependencies } from './relations.ts'
import { type Scriptlets, scriptletsOf } from './scriptlets.ts'
import { FILE_FLAG, SENSE, TAG } from './tags.ts'

type Tags = readonly (readonly [number, TagValue])[]
type MadeTags = Result<Tags, readonly Fault[]>

/** rpmbuild's word for a package without one. */
const NO_GROUP = 'Unspecified'
/** Builds must not say on which machine they ran: the same spec gives the same bytes. */
const DEFAULT_BUILD_HOST = 'localhost'

const line = (tag: number, key: string, value: string): MadeTags => {
  const made = oneLine(value, key)
  if (!made.ok) return err([made.error])
  return ok(made.value === '' ? [] : [[tag, text(made.value)]])
}

const translatedLine = (tag: number, key: string, value: string): MadeTags => {
  const made = oneLine(value, key)
  return made.ok ? ok([[tag, translated(made.value)]]) : err([made.error])
}

/** The summary is the description's first line unless the manifest has one. */
const descriptions = (spec: PackageSpec, block: RpmBlock): readonly MadeTags[] => {
  const lines = manyLines(spec.description, 'description')
  if (!lines.ok) return [err([lines.error])]
  const [first = ''] = lines.value
  return [
    translatedLine(TAG.summary, 'rpm.summary', block.summary || first || 'no description given'),
    ok([[TAG.description, translated(lines.value.join('\n'))]]),
  ]
}

interface RelationTags {
  readonly names: number
  readonly flags: number
  readonly versions: number
}

const PROVIDES: RelationTags = { names: TAG.provideNames, flags: TAG.provideFlags, versions: TAG.provideVersions }
const REQUIRES: RelationTags = { names: TAG.requireNames, flags: TAG.requireFlags, versions: TAG.requireVersions }
const CONFLICTS: RelationTags = { names: TAG.conflictNames, flags: TAG.conflictFlags, versions: TAG.conflictVersions }
const OBSOLETES: RelationTags = { names: TAG.obsoleteNames, flags: TAG.obsoleteFlags, versions: TAG.obsoleteVersions }
const RECOMMENDS: RelationTags = {
  names: TAG.recommendNames,
  flags: TAG.recommendFlags,
  versions: TAG.recommendVersions,
}
const SUGGESTS: RelationTags = { names: TAG.suggestNames, flags: TAG.suggestFlags, versions: TAG.suggestVersions }

const relationTags = (tags: RelationTags, dependencies: readonly Dependency[]): Tags => {
  const settled = settleDependencies(dependencies)
  return [
    [tags.names, strings(settled.map(({ name }) => name))],
    [tags.flags, { type: 'int32', values: settled.map(({ sense }) => sense) }],
    [tags.versions, strings(settled.map(({ version }) => version))],
  ]
}

const hasConfig = (files: readonly RpmFile[]): boolean => files.some(({ flags }) => (flags & FILE_FLAG.config) !== 0)

/** rpmbuild's own: a package is required by the settings that came with it. */
const configDependency = (spec: PackageSpec): Dependency => ({
  name: `config(${spec.name})`,
  sense: SENSE.config | SENSE.equal,
  version: rpmEvr(spec.version),
})

const ownProvides = (spec: PackageSpec, files: readonly RpmFile[]): readonly Dependency[] => {
  const isa = isaOf(rpmArchitecture(spec))
  const self = { sense: SENSE.equal, version: rpmEvr(spec.version) }
  return [
    { ...self, name: spec.name },
    ...(isa ? [{ ...self, name: `${spec.name}(${isa})` }] : []),
    ...(hasConfig(files) ? [configDependency(spec)] : []),
  ]
}

/** What the installing rpm must understand (rpm's lib/rpmds.cc, rpmlibProvides). */
const features = (files: readonly RpmFile[], all: readonly Dependency[]): readonly Dependency[] => {
  const versions = all.map(({ version }) => version).join(' ')
  return [
    ...(files.length > 0
      ? [
          rpmlib('CompressedFileNames', '3.0.4-1'),
          rpmlib('FileDigests', '4.6.0-1'),
          rpmlib('PayloadFilesHavePrefix', '4.0-1'),
        ]
      : []),
    ...(hasLargeFile(files) ? [rpmlib('LargeFiles', '4.12.0-1')] : []),
    ...(all.some(({ name }) => name.startsWith('(')) ? [rpmlib('RichDependencies', '4.12.0-1')] : []),
    ...(versions.includes('~') ? [rpmlib('TildeInVersions', '4.10.0-1')] : []),
    ...(versions.includes('^') ? [rpmlib('CaretInVersions', '4.15.0-1')] : []),
  ]
}

const relations = (
  spec: PackageSpec,
  block: RpmBlock,
  files: readonly RpmFile[],
  scriptlets: Scriptlets | undefined,
): MadeTags => {
  const { depends, recommends, suggests, conflicts, replaces, provides } = spec.relations
  const parsed = {
    depends: parseRelations(depends, 'depends'),
    post: parseRelations(block.requires?.post ?? [], 'rpm.requires.post', SENSE.scriptPost),
    provides: parseRelations(provides, 'provides'),
    conflicts: parseRelations(conflicts, 'conflicts'),
    replaces: parseRelations(replaces, 'replaces'),
    recommends: parseRelations(recommends, 'recommends'),
    suggests: parseRelations(suggests, 'suggests'),
  }
  const faults = Object.values(parsed).flatMap((each) => (each.ok ? [] : each.error))
  if (faults.length > 0) return err(faults)
  const of = (key: keyof typeof parsed): readonly Dependency[] => (parsed[key].ok ? parsed[key].value : [])
  const provided = [...ownProvides(spec, files), ...of('provides')]
  const required = [
    ...of('depends'),
    ...of('post'),
    ...(hasConfig(files) ? [configDependency(spec)] : []),
    ...(scriptlets?.requires ?? []),
    ...compressionOf(block.compression).requires,
  ]
  const others = [...of('conflicts'), ...of('replaces'), ...of('recommends'), ...of('suggests')]
  return ok([
    ...relationTags(PROVIDES, provided),
    ...relationTags(REQUIRES, [...required, ...features(files, [...provided, ...required, ...others])]),
    ...relationTags(CONFLICTS, of('conflicts')),
    ...relationTags(OBSOLETES, of('replaces')),
    ...relationTags(RECOMMENDS, of('recommends')),
    ...relationTags(SUGGESTS, of('suggests')),
  ])
}

const prefixes = (block: RpmBlock): MadeTags => {
  const lines = (block.prefixes ?? []).map((prefix, at) => oneLine(prefix, `rpm.prefixes.${at}`))
  const faults = lines.flatMap((each) => (each.ok ? [] : [each.error]))
  if (faults.length > 0) return err(faults)
  return ok([[TAG.prefixes, strings(lines.flatMap((each) => (each.ok ? [each.value] : [])))]])
}

const facts = (spec: PackageSpec): Tags => [
  [TAG.headerI18nTable, strings(['C'])],
  [TAG.encoding, text('utf-8')],
  [TAG.buildTime, int32(spec.mtimeSeconds)],
  ...(spec.version.epoch === undefined ? [] : ([[TAG.epoch, int32(spec.version.epoch)]] as const)),
]

/** All faults of a spec's words at once, or the tags in any order. */
export const metadataTags = (spec: PackageSpec, block: RpmBlock, files: readonly RpmFile[]): MadeTags => {
  const scriptlets = scriptletsOf(spec)
  const source = `${spec.name}-${rpmVersion(spec.version)}-${rpmRelease(spec.version)}.src.rpm`
  const results: readonly MadeTags[] = [
    ok(facts(spec)),
    line(TAG.name, 'name', spec.name),
    line(TAG.version, 'version', rpmVersion(spec.version)),
    line(TAG.release, 'release', rpmRelease(spec.version)),
    line(TAG.arch, 'arch', rpmArchitecture(spec)),
    line(TAG.os, 'platform', spec.platform || 'linux'),
    ...descriptions(spec, block),
    line(TAG.licence, 'license', spec.licence),
    line(TAG.url, 'homepage', spec.homepage),
    line(TAG.vendor, 'vendor', spec.vendor),
    line(TAG.packager, 'maintainer', block.packager || spec.maintainer),
    translatedLine(TAG.group, 'rpm.group', block.group || NO_GROUP),
    line(TAG.buildHost, 'rpm.buildhost', block.buildhost || DEFAULT_BUILD_HOST),
    // A package without it is taken for a source package.
    line(TAG.sourceRpm, 'name', source),
    prefixes(block),
    scriptlets.ok ? ok(scriptlets.value.tags) : scriptlets,
    changelogTags(spec.changelog),
    relations(spec, block, files, scriptlets.ok ? scriptlets.value : undefined),
  ]
  const faults = results.flatMap((result) => (result.ok ? [] : result.error))
  return faults.length > 0 ? err(faults) : ok(results.flatMap((result) => (result.ok ? result.value : [])))
}
