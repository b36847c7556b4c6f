// The index entry of an .rpm: what primary, filelists and other say of it, read from its header.
import * as z from 'zod'
import type { Budget } from '../../budget.ts'
import { StreamFault } from '../../bytes/stream-fault.ts'
import { type Fault, fault } from '../../fault.ts'
import { entrySchema, type PackagedPath } from '../../model/entry.ts'
import { err, ok, type Result } from '../../result.ts'
import { hasControl, quoteForMessage } from '../../text/line.ts'
import { pathKind } from './files.ts'
import type { Header } from './header-read.ts'
import { isArchName, isEvr, isPackageName, rpmFileName } from './names.ts'
import { type Dependency, dependencyTrouble } from './relations.ts'
import { TAG } from './tags.ts'

const count = z.number().int().nonnegative()

const dependencySchema = z.object({
  name: z.string().min(1),
  /** Bits of rpm's sense: the comparison, and which script wants it. */
  sense: count,
  /** `[epoch:]version[-release]`; empty when any will do. */
  version: z.string(),
})

const dependencies = z.array(dependencySchema)

export const rpmEntrySchema = entrySchema.extend({
  format: z.literal('rpm'),
  name: z.string().refine(isPackageName),
  /** `[epoch:]version-release`, without an epoch of 0. */
  version: z.string().refine(isEvr),
  arch: z.string().refine(isArchName),
  description: z.string(),
  url: z.string(),
  licence: z.string(),
  vendor: z.string(),
  group: z.string(),
  packager: z.string(),
  buildHost: z.string(),
  sourceRpm: z.string(),
  buildTimeSeconds: count,
  /** Of the payload before compression. */
  archiveSizeBytes: count,
  /** Where the main header begins in the file, and the payload. */
  headerStart: count,
  headerEnd: count,
  provides: dependencies,
  requires: dependencies,
  conflicts: dependencies,
  obsoletes: dependencies,
  recommends: dependencies,
  suggests: dependencies,
  supplements: dependencies,
  enhances: dependencies,
  /** As the header has them, the newest first; no more than an index shows. */
  changelog: z.array(z.object({ author: z.string(), dateSeconds: count, text: z.string() })),
})
export type RpmEntry = z.infer<typeof rpmEntrySchema>

/** createrepo_c's limit: enough to see what is new, and an index that does not grow with history. */
const MAX_CHANGELOG = 10

const uneven = (what: string): StreamFault =>
  new StreamFault(`The package's header is broken: its lists of ${what} differ in length. Build it again.`)

const readDependencies = (header: Header, names: number, flags: number, versions: number): Dependency[] => {
  const allNames = header.strings(names)
  const allFlags = header.numbers(flags)
  const allVersions = header.strings(versions)
  const isBare = allFlags.length === 0 && allVersions.length === 0
  if (!isBare && (allFlags.length !== allNames.length || allVersions.length !== allNames.length)) {
    throw uneven('relations')
  }
  return allNames
    .map((name, at) => ({ name, sense: allFlags[at] ?? 0, version: allVersions[at] ?? '' }))
    .filter(({ name }) => name !== '')
}

/** A folder's name stands in the header once and in every path below it: the sum is what the budget counts. */
const pathsOf = (header: Header, budget: Budget): readonly string[] => {
  const names = header.strings(TAG.baseNames)
  const counted = (path: string): string => {
    budget.entry(path)
    return path
  }
  if (names.length === 0) return header.strings(TAG.oldFileNames).map(counted)
  const folders = header.strings(TAG.dirNames)
  const indexes = header.numbers(TAG.dirIndexes)
  if (indexes.length !== names.length) throw uneven('files')
  return names.map((name, at) => {
    const folder = folders[indexes[at]!]
    if (folder === undefined)
      throw new StreamFault('The header has a file in a folder it does not list. Build it again.')
    return counted(folder + name)
  })
}

const readPaths = (header: Header, budget: Budget): PackagedPath[] => {
  const paths = pathsOf(header, budget)
  const modes = header.numbers(TAG.fileModes)
  const flags = header.numbers(TAG.fileFlags)
  if (modes.length !== paths.length || flags.length !== paths.length) throw uneven('files')
  return paths.map((path, at) => ({ path, kind: pathKind(modes[at]!, flags[at]!) }))
}

const readChangelog = (header: Header): RpmEntry['changelog'] => {
  const times = header.numbers(TAG.changelogTimes)
  const names = header.strings(TAG.changelogNames)
  const texts = header.strings(TAG.changelogTexts)
  if (names.length !== times.length || texts.length !== times.length) throw uneven('changes')
  return times.slice(0, MAX_CHANGELOG).map((dateSeconds, at) => ({ author: names[at]!, dateSeconds, text: texts[at]! }))
}

const required = (what: string, value: string | undefined, isValid: (value: string) => boolean) => {
  if (value !== undefined && isValid(value)) return value
  const found = value === undefined ? 'no' : `the ${what} ${quoteForMessage(value)} for a`
  throw new StreamFault(`The package's header has ${found} ${what}, which rpm forbids. Build it again.`)
}

const evrOf = (header: Header): string => {
  const epoch = header.number(TAG.epoch)
  const version = `${header.string(TAG.version) ?? ''}-${header.string(TAG.release) ?? ''}`
  return epoch ? `${epoch}:${version}` : version
}

export interface Place {
  readonly headerStart: number
  readonly headerEnd: number
  readonly archiveSizeBytes: number
}

const RELATION_LISTS = [
  ...(['provides', 'requires', 'conflicts', 'obsoletes'] as const),
  ...(['recommends', 'suggests', 'supplements', 'enhances'] as const),
]

/** A relation that rpm or dnf cannot read. */
export const relationFault = (
  entry: Readonly<Record<(typeof RELATION_LISTS)[number], readonly Dependency[]>>,
): Fault | undefined => {
  for (const what of RELATION_LISTS) {
    for (const each of entry[what]) {
      const trouble = dependencyTrouble(what, each)
      if (trouble) {
        const message = `${what} has ${quoteForMessage(`${each.name} ${each.version}`.trim())}, which rpm and dnf cannot read: ${trouble}.`
        return fault('package_unsupported', message)
      }
    }
  }
  return undefined
}

/** Everything but the finished file's size and digest. Both `build` and `inspect` end here, so they agree. */
export const entryOf = (
  header: Header,
  place: Place,
  budget: Budget,
): Result<Omit<RpmEntry, 'sizeBytes' | 'sha256'>, Fault> => {
  const name = required('name', header.string(TAG.name), isPackageName)
  const version = required('version', evrOf(header), isEvr)
  const arch = required('architecture', header.string(TAG.arch), isArchName)
  const paths = readPaths(header, budget)
  const badPath = paths.find(({ path }) => hasControl(path) || !path.startsWith('/'))
  if (badPath) {
    const message = `The path ${quoteForMessage(badPath.path)} is not absolute or has a control character.`
    return err(fault('package_unsupported', message))
  }
  const word = (tag: number): string => header.string(tag) ?? ''
  const list = (names: number, flags: number, versions: number) => readDependencies(header, names, flags, versions)
  const relations = {
    provides: list(TAG.provideNames, TAG.provideFlags, TAG.provideVersions),
    requires: list(TAG.requireNames, TAG.requireFlags, TAG.requireVersions),
    conflicts: list(TAG.conflictNames, TAG.conflictFlags, TAG.conflictVersions),
    obsoletes: list(TAG.obsoleteNames, TAG.obsoleteFlags, TAG.obsoleteVersions),
    recommends: list(TAG.recommendNames, TAG.recommendFlags, TAG.recommendVersions),
    suggests: list(TAG.suggestNames, TAG.suggestFlags, TAG.suggestVersions),
    supplements: list(TAG.supplementNames, TAG.supplementFlags, TAG.supplementVersions),
    enhances: list(TAG.enhanceNames, TAG.enhanceFlags, TAG.enhanceVersions),
  }
  const trouble = relationFault(relations)
  if (trouble) return err(trouble)
  return ok({
    format: 'rpm',
    name,
    version,
    arch,
    summary: word(TAG.summary),
    fileName: rpmFileName(name, version, arch),
    installedSizeBytes: header.number(TAG.longSize) ?? header.number(TAG.size) ?? 0,
    paths,
    description: word(TAG.description),
    url: word(TAG.url),
    licence: word(TAG.licence),
    vendor: word(TAG.vendor),
    group: word(TAG.group),
    packager: word(TAG.packager),
    buildHost: word(TAG.buildHost),
    sourceRpm: word(TAG.sourceRpm),
    buildTimeSeconds: header.number(TAG.buildTime) ?? 0,
    ...place,
    ...relations,
    changelog: readChangelog(header),
  })
}
