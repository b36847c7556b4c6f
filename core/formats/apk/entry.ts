// The index entry of an .apk: its .PKGINFO, pair by pair, and the identity apk knows it by.
import * as z from 'zod'
import { fromHex } from '../../bytes/hex.ts'
import { type Fault, fault } from '../../fault.ts'
import { entrySchema, type PackagedPath } from '../../model/entry.ts'
import { err, ok, type Result } from '../../result.ts'
import { pairsTooLong } from '../../text/index-limits.ts'
import { type Pair, parsePairs } from '../../text/key-value.ts'
import { hasControl, quoteForMessage } from '../../text/line.ts'
import { apkFileName, isApkArch, isApkName } from './names.ts'
import { wordsTrouble } from './relations.ts'
import { isInstallableApkVersion } from './version.ts'

const line = z.string().refine((text) => !hasControl(text))

export const apkEntrySchema = entrySchema.extend({
  format: z.literal('apk'),
  name: z.string().refine(isApkName),
  version: z.string().refine(isInstallableApkVersion),
  arch: z.string().refine(isApkArch),
  pkginfo: z.array(z.tuple([line, line])),
  /** SHA-1 of the compressed control part, hex: what the index calls `C:` and apk checks a download by. */
  controlSha1: z.string().regex(/^[0-9a-f]{40}$/),
  /** Where the control part lies in the file; in front of it are signatures. */
  controlOffset: z.number().int().nonnegative(),
  controlSizeBytes: z.number().int().positive(),
})
export type ApkEntry = z.infer<typeof apkEntrySchema>

export const findPair = (pairs: readonly Pair[], key: string): string | undefined =>
  pairs.find(([each]) => each === key)?.[1]

interface FileFacts {
  readonly pkginfo: string
  readonly paths: readonly PackagedPath[]
  readonly controlSha1: string
  readonly controlOffset: number
  readonly controlSizeBytes: number
}

const required = (pairs: readonly Pair[], key: string, isValid: (value: string) => boolean): Result<string, Fault> => {
  const value = findPair(pairs, key)
  if (value !== undefined && isValid(value)) return ok(value)
  const found = value === undefined ? 'is missing' : `is ${quoteForMessage(value)}`
  return err(fault('package_corrupt', `.PKGINFO: ${key} ${found}, which apk refuses.`))
}

/** Lists of dependencies: an index, or the reader's own list of what is installed, has them. */
const RELATION_KEYS: ReadonlySet<string> = new Set(['depend', 'provides', 'replaces', 'install_if'])

const relationFault = (pairs: readonly Pair[]): Fault | undefined => {
  for (const [key, value] of pairs) {
    const trouble = RELATION_KEYS.has(key) ? wordsTrouble(value) : undefined
    if (trouble)
      return fault(
        'package_unsupported',
        `.PKGINFO: ${key} is ${quoteForMessage(value)}, which apk cannot read: ${trouble}.`,
      )
  }
  return undefined
}

/** What apk cannot read of an index that says it. */
export const pairsFault = (pairs: readonly Pair[]): Fault | undefined => relationFault(pairs) ?? pairsTooLong(pairs)

/** Everything but the finished file's size and digest. Both `build` and `inspect` end here, so they agree. */
export const entryOf = (facts: FileFacts): Result<Omit<ApkEntry, 'sizeBytes' | 'sha256'>, Fault> => {
  const pairs = parsePairs(facts.pkginfo)
  if (!pairs.ok) return pairs
  const name = required(pairs.value, 'pkgname', isApkName)
  const version = required(pairs.value, 'pkgver', isInstallableApkVersion)
  const arch = required(pairs.value, 'arch', isApkArch)
  const dataHash = required(pairs.value, 'datahash', (text) => fromHex(text)?.length === 32)
  if (!name.ok) return name
  if (!version.ok) return version
  if (!arch.ok) return arch
  if (!dataHash.ok) return dataHash
  const texts = [...pairs.value.flat(), ...facts.paths.map(({ path }) => path)]
  const bad = texts.find(hasControl)
  if (bad !== undefined) {
    return err(fault('package_unsupported', `The package has ${quoteForMessage(bad)}, with a control character in it.`))
  }
  const unreadable = pairsFault(pairs.value)
  if (unreadable) return err(unreadable)
  const size = findPair(pairs.value, 'size') ?? ''
  return ok({
    format: 'apk',
    name: name.value,
    version: version.value,
    arch: arch.value,
    summary: findPair(pairs.value, 'pkgdesc') ?? '',
    fileName: apkFileName(name.value, version.value, arch.value),
    installedSizeBytes: /^\d{1,15}$/.test(size) ? Number(size) : 0,
    paths: [...facts.paths],
    pkginfo: pairs.value.map(([key, value]) => [key, value]),
    controlSha1: facts.controlSha1,
    controlOffset: facts.controlOffset,
    controlSizeBytes: facts.controlSizeBytes,
  })
}
