// Everything opkg forbids in a spec's words, found before a byte is built.
import * as z from 'zod'
import { type Fault, fault } from '../../fault.ts'
import type { PackageSpec } from '../../model/spec.ts'
import { err, ok, type Result } from '../../result.ts'
import { dpkgVersion } from '../../text/dpkg-version.ts'
import { quoteForMessage } from '../../text/line.ts'
import { itemsFaults } from '../../text/paths.ts'
import { ipkBlockSchema } from './block.ts'
import { controlFields, type IpkBlock } from './control.ts'
import { ipkArchitecture, isArchitectureName, isPackageName, isPackageVersion } from './names.ts'

export const parseBlock = (spec: PackageSpec): Result<IpkBlock, Fault> => {
  const block = ipkBlockSchema.safeParse(spec.block ?? {})
  return block.success
    ? ok(block.data)
    : err(fault('manifest_invalid', `ipk: ${z.prettifyError(block.error)}`, { key: 'ipk' }))
}

const words = (spec: PackageSpec): readonly Fault[] => {
  const faults: Fault[] = []
  if (!isPackageName(spec.name)) {
    const message = `The name ${quoteForMessage(spec.name)} is no opkg package name: letters, digits, +, ., _ and -.`
    faults.push(fault('name_invalid', message, { key: 'name' }))
  }
  const version = dpkgVersion(spec.version)
  if (!isPackageVersion(version)) {
    const message = `The version ${quoteForMessage(version)} is none of opkg's: letters, digits, ., +, ~ and -.`
    faults.push(fault('version_invalid', message, { key: 'version' }))
  }
  const arch = ipkArchitecture(spec)
  if (!isArchitectureName(arch)) {
    const message = `${quoteForMessage(arch)} is no opkg architecture; write one as in "aarch64_cortex-a53".`
    faults.push(fault('name_invalid', message, { key: 'arch' }))
  }
  return faults
}

export const checkSpec = (spec: PackageSpec): readonly Fault[] => {
  const block = parseBlock(spec)
  if (!block.ok) return [block.error]
  const fields = controlFields(spec, block.value, 0)
  return [...words(spec), ...(fields.ok ? [] : fields.error), ...itemsFaults(spec.items)]
}
