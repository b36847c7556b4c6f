// The index entry of an Arch package: its .PKGINFO, pair by pair.
import * as z from 'zod'
import { type Fault, fault } from '../../fault.ts'
import { entrySchema, type PackagedPath } from '../../model/entry.ts'
import { err, ok, type Result } from '../../result.ts'
import { pairsTooLong } from '../../text/index-limits.ts'
import { type Pair, parsePairs } from '../../text/key-value.ts'
import { hasControl, quoteForMessage } from '../../text/line.ts'
import { archFileName, isArchWord, isPackageName } from './names.ts'
import { archWordTrouble } from './relations.ts'
import { isArchVersion } from './version.ts'

const line = z.string().refine((text) => !hasControl(text))

export const archEntrySchema = entrySchema.extend({
  format: z.literal('arch'),
  name: z.string().refine(isPackageName),
  version: z.string().refine(isArchVersion),
  arch: z.string().refine(isArchWord),
  pkginfo: z.array(z.tuple([line, line])),
})
export type ArchEntry = z.infer<typeof archEntrySchema>

export const findPair = (pairs: readonly Pair[], key: string): string | undefined =>
  pairs.find(([each]) => each === key)?.[1]

interface FileFacts {
  readonly pkginfo: string
  readonly paths: readonly PackagedPath[]
  /** By compression: `.pkg.tar.zst`. */
  readonly suffix: string
}

const required = (pairs: readonly Pair[], key: string, isValid: (value: string) => boolean): Result<string, Fault> => {
  const value = findPair(pairs, key)
  if (value !== undefined && isValid(value)) return ok(value)
  const found = value === undefined ? 'is missing' : `is ${quoteForMessage(value)}`
  return err(fault('package_corrupt', `.PKGINFO: ${key} ${found}, which pacman or this repository cannot name.`))
}

const RELATION_KEYS: ReadonlySet<string> = new Set(['depend', 'conflict', 'provides', 'replaces'])

const relationFault = (pairs: readonly Pair[]): Fault | undefined => {
  for (const [key, value] of pairs) {
    const trouble = RELATION_KEYS.has(key) && value !== '' ? archWordTrouble(key, value) : undefined
    if (trouble) {
      return fault(
        'package_unsupported',
        `.PKGINFO: ${key} is ${quoteForMessage(value)}, which pacman cannot use: ${trouble}.`,
      )
    }
  }
  return undefined
}

/** What pacman cannot use of a database that says it. */
export const pairsFault = (pairs: readonly Pair[]): Fault | undefined => relationFault(pairs) ?? pairsTooLong(pairs)

/** Everything but the finished file's size and digest. Both `build` and `inspect` end here, so they agree. */
export const entryOf = (facts: FileFacts): Result<Omit<ArchEntry, 'sizeBytes' | 'sha256'>, Fault> => {
  const pairs = parsePairs(facts.pkginfo)
  if (!pairs.ok) return pairs
  const name = required(pairs.value, 'pkgname', isPackageName)
  const version = required(pairs.value, 'pkgver', isArchVersion)
  const arch = required(pairs.value, 'arch', isArchWord)
  if (!name.ok) return name
  if (!version.ok) return version
  if (!arch.ok) return arch
  const bad = [...pairs.value.flat(), ...facts.paths.map(({ path }) => path)].find(hasControl)
  if (bad !== undefined) {
    return err(fault('package_unsupported', `The package has ${quoteForMessage(bad)}, with a control character in it.`))
  }
  const unusable = pairsFault(pairs.value)
  if (unusable) return err(unusable)
  const size = findPair(pairs.value, 'size') ?? ''
  return ok({
    format: 'arch',
    name: name.value,
    version: version.value,
    arch: arch.value,
    summary: findPair(pairs.value, 'pkgdesc') ?? '',
    fileName: archFileName(name.value, version.value, arch.value, facts.suffix),
    installedSizeBytes: /^\d{1,15}$/.test(size) ? Number(size) : 0,
    paths: [...facts.paths],
    pkginfo: pairs.value.map(([key, value]) => [key, value]),
  })
}
