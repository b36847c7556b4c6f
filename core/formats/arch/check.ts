// Everything pacman and makepkg forbid in a spec's words, found before a byte is built.
import * as z from 'zod'
import { type Fault, fault } from '../../fault.ts'
import type { PackageSpec } from '../../model/spec.ts'
import { err, ok, type Result } from '../../result.ts'
import { quoteForMessage } from '../../text/line.ts'
import { itemsFaults } from '../../text/paths.ts'
import { type ArchlinuxBlock, archlinuxBlockSchema } from './block.ts'
import { scriptFaults } from './install-script.ts'
import { archArchitecture, archFileNameOf, isArchWord, isPackageName } from './names.ts'
import { pkginfoText } from './pkginfo.ts'
import { archVersion, isArchVersion, isPrereleaseBelow } from './version.ts'

/** A file system's 255 bytes, less `.sig` and what pacman appends to an unfinished download (`.part`). */
const MAX_FILE_NAME_BYTES = 240

export const parseBlock = (spec: PackageSpec): Result<ArchlinuxBlock, Fault> => {
  const block = archlinuxBlockSchema.safeParse(spec.block ?? {})
  return block.success
    ? ok(block.data)
    : err(fault('manifest_invalid', `archlinux: ${z.prettifyError(block.error)}`, { key: 'archlinux' }))
}

const NAME_RULE = 'pacman allows letters, digits, @, ., _, + and -, with no dot or hyphen at the start'

const names = (spec: PackageSpec, block: ArchlinuxBlock): readonly Fault[] => {
  const faults: Fault[] = []
  const claimed = [['name', spec.name] as const, ['archlinux.pkgbase', block.pkgbase || spec.name] as const]
  for (const [key, name] of claimed) {
    if (isPackageName(name)) continue
    faults.push(fault('name_invalid', `${quoteForMessage(name)} is no Arch package name: ${NAME_RULE}.`, { key }))
  }
  const arch = archArchitecture(spec)
  if (!isArchWord(arch)) {
    const message = `${quoteForMessage(arch)} is no Arch architecture; write one as in "x86_64".`
    faults.push(fault('name_invalid', message, { key: 'arch' }))
  }
  if (archFileNameOf(spec).length > MAX_FILE_NAME_BYTES) {
    faults.push(fault('name_invalid', 'Name and version are too long for one file name. Shorten one.', { key: 'name' }))
  }
  return faults
}

const versions = (spec: PackageSpec): readonly Fault[] => {
  const version = archVersion(spec.version)
  const words = [spec.version.version, spec.version.prerelease, spec.version.metadata, spec.version.release]
  if (!isArchVersion(version) || words.some((word) => word && /[~:]/.test(word))) {
    const rule =
      'it takes letters, digits, ., + and _, has the epoch in a key of its own, and a tilde does not sort below, but prerelease does'
    const message = `The version ${quoteForMessage(version)} is no pacman version: ${rule}.`
    return [fault('version_invalid', message, { key: 'version' })]
  }
  if (isPrereleaseBelow(spec.version)) return []
  const message = `pacman would take ${quoteForMessage(version)} for newer than its release: a version with a prerelease must end in a digit.`
  return [fault('version_invalid', message, { key: 'prerelease' })]
}

const platform = (spec: PackageSpec): readonly Fault[] =>
  spec.platform === 'linux' || spec.platform === ''
    ? []
    : [
        fault('field_invalid', `Arch packages are for linux, not ${quoteForMessage(spec.platform)}.`, {
          key: 'platform',
        }),
      ]

/** pacman takes names in / that begin with a dot for its own files and does not install them (lib/libalpm/add.c). */
const hiddenPaths = (spec: PackageSpec): readonly Fault[] =>
  spec.items
    .filter(({ path }) => path.startsWith('/.'))
    .map(({ path }) =>
      fault('path_unsafe', `pacman never installs ${quoteForMessage(path)}: names in / must not begin with a dot.`),
    )

export const checkSpec = (spec: PackageSpec): readonly Fault[] => {
  const block = parseBlock(spec)
  if (!block.ok) return [block.error]
  const pkginfo = pkginfoText(spec, block.value, 0)
  return [
    ...names(spec, block.value),
    ...versions(spec),
    ...platform(spec),
    ...(pkginfo.ok ? [] : pkginfo.error),
    ...scriptFaults(spec),
    ...itemsFaults(spec.items),
    ...hiddenPaths(spec),
  ]
}
