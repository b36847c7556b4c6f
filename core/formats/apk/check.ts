// Everything apk forbids in a spec's words, found before a byte is built.
import * as z from 'zod'
import { type Fault, fault, type Where } from '../../fault.ts'
import type { PackageSpec } from '../../model/spec.ts'
import { err, ok, type Result } from '../../result.ts'
import { quoteForMessage } from '../../text/line.ts'
import { itemsFaults } from '../../text/paths.ts'
import { type Warning, warning } from '../../warning.ts'
import { type ApkBlock, apkBlockSchema } from './block.ts'
import { apkArchitecture, isApkArch, isApkName } from './names.ts'
import { pkginfoText } from './pkginfo.ts'
import { apkVersion, isInstallableApkVersion, isPortableApkVersion } from './version.ts'

export const parseBlock = (spec: PackageSpec): Result<ApkBlock, Fault> => {
  const block = apkBlockSchema.safeParse(spec.block ?? {})
  return block.success
    ? ok(block.data)
    : err(fault('manifest_invalid', `apk: ${z.prettifyError(block.error)}`, { key: 'apk' }))
}

const VERSION_FORMS = 'apk reads 1.2.3, 1.2.3_rc1, 1.2.3_git20240131 and 1.2.3-r4'

const words = (spec: PackageSpec): readonly Fault[] => {
  const faults: Fault[] = []
  if (!isApkName(spec.name)) {
    const rule = 'apk allows letters, digits, ., _, + and -, beginning with a letter or digit'
    faults.push(
      fault('name_invalid', `The name ${quoteForMessage(spec.name)} is no apk package name: ${rule}.`, { key: 'name' }),
    )
  }
  const version = apkVersion(spec.version)
  if (!isInstallableApkVersion(version)) {
    const rule = `it must begin with a digit and hold only letters, digits, ., _, +, ~ and -; ${VERSION_FORMS}`
    faults.push(
      fault('version_invalid', `The version ${quoteForMessage(version)} is no apk version: ${rule}.`, {
        key: 'version',
      }),
    )
  }
  const arch = apkArchitecture(spec)
  if (!isApkArch(arch)) {
    faults.push(
      fault('name_invalid', `${quoteForMessage(arch)} is no Alpine architecture; write one as in "x86_64".`, {
        key: 'arch',
      }),
    )
  }
  if (spec.platform !== 'linux' && spec.platform !== '') {
    faults.push(
      fault('field_invalid', `apk packages are for linux, not ${quoteForMessage(spec.platform)}.`, { key: 'platform' }),
    )
  }
  return faults
}

/** apk takes a dot at the start of a packed name for its own files and leaves it out, without a word. */
const hiddenPaths = (spec: PackageSpec): readonly Fault[] =>
  spec.items
    .filter(({ path }) => path.startsWith('/.'))
    .map(({ path }) =>
      fault('path_unsafe', `apk never installs ${quoteForMessage(path)}: names in / must not begin with a dot.`),
    )

/** A trigger is two things, folders and a script; one without the other would silently do nothing. */
const triggerFaults = (spec: PackageSpec, { triggers = [] }: ApkBlock): readonly Fault[] => {
  const key = { key: 'apk.triggers' }
  const bad = triggers.filter((folder) => !/^\/[!-~]+$/.test(folder))
  const faults = bad.map((folder) =>
    fault('field_invalid', `apk watches absolute folders without spaces, not ${quoteForMessage(folder)}.`, key),
  )
  if (triggers.length > 0 === (spec.scripts.trigger !== undefined)) return faults
  const missing = triggers.length > 0 ? 'apk.scripts.trigger is missing' : 'apk.triggers is missing'
  return [...faults, fault('field_invalid', `A trigger needs folders and a script: ${missing}.`, key)]
}

export const checkSpec = (spec: PackageSpec): readonly Fault[] => {
  const block = parseBlock(spec)
  if (!block.ok) return [block.error]
  const pkginfo = pkginfoText(spec, { installedSizeBytes: 0, dataHash: '' })
  return [
    ...words(spec),
    ...(pkginfo.ok ? [] : pkginfo.error),
    ...itemsFaults(spec.items),
    ...hiddenPaths(spec),
    ...triggerFaults(spec, block.value),
  ]
}

/** For a version that apk installs and cannot read: of the package being built, or of a stranger's. */
export const versionWarning = (version: string, where?: Where): Warning | undefined => {
  if (isPortableApkVersion(version)) return undefined
  const what = `The version ${quoteForMessage(version)} is none that every apk can read (${VERSION_FORMS})`
  return warning('version_unusual', `${what}: it installs, but apk may not know which of two versions is newer.`, where)
}

export const adviseOnSpec = (spec: PackageSpec): readonly Warning[] => {
  const unusual = versionWarning(apkVersion(spec.version), { key: 'version' })
  return unusual ? [unusual] : []
}
