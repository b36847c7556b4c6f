// Which targets a build makes: those asked for, else the manifest's `targets`, else every format that knows the
// manifest's architecture and need not be asked for.
import { type Fault, fault, type Where } from '../fault.ts'
import type { Architecture } from '../model/arch.ts'
import { parseArchitecture } from '../model/arch.ts'
import { FORMATS, parseTarget, type Target } from '../registry.ts'
import { err, ok, type Result } from '../result.ts'
import { expand } from './expand.ts'
import type { Manifest } from './parse.ts'

/** nFPM's default, also for an `arch` that expands to nothing. */
const DEFAULT_ARCHITECTURE: Architecture = 'amd64'

export interface TargetsRequest {
  readonly manifest: Manifest
  /** Empty or absent: nobody asked. */
  readonly asked?: readonly string[] | undefined
  readonly variables: Readonly<Record<string, string>>
}

const at = (where: Where, { code, message }: Fault): Fault =>
  fault(code, `${where.file}:${where.line ?? 1}:${where.column ?? 1}: ${message}`, where)

const architectureOf = ({ manifest, variables }: TargetsRequest): Result<Architecture, Fault> => {
  const lookup = (name: string): string => (Object.hasOwn(variables, name) ? variables[name]! : '')
  const word = expand(manifest.values.arch ?? '', lookup).trim()
  if (word === '') return ok(DEFAULT_ARCHITECTURE)
  // GOMIPS variants name the same packages.
  const architecture = parseArchitecture(word.replace(/^(mips.*?)(?:softfloat|hardfloat)$/, '$1'))
  if (architecture) return ok(architecture)
  const message = `arch "${word}" is unknown; write Go's word for it, as in amd64, arm64 or all`
  return err(at(manifest.where(['arch']), fault('manifest_invalid', message)))
}

/** At least one target, each once, in the order they were asked for. `deb` alone is of the manifest's architecture. */
export const planTargets = (request: TargetsRequest): Result<readonly Target[], readonly Fault[]> => {
  const { manifest, asked } = request
  const own = manifest.values.targets
  const isOwn = !asked?.length
  const words = isOwn ? (own ?? []) : asked
  if (words.length > 0) {
    const targets = new Map<string, Target>()
    const faults: Fault[] = []
    const asksForOwn = words.some((word) => !word.includes('/'))
    const architecture = asksForOwn ? architectureOf(request) : undefined
    if (architecture && !architecture.ok) return err([architecture.error])
    words.forEach((word, index) => {
      const parsed = parseTarget(word, architecture?.value)
      if (parsed.ok) targets.set(`${parsed.value.format.id}/${parsed.value.architecture}`, parsed.value)
      else faults.push(isOwn ? at(manifest.where(['targets', index]), parsed.error) : parsed.error)
    })
    return faults.length > 0 ? err(faults) : ok([...targets.values()])
  }
  const architecture = architectureOf(request)
  if (!architecture.ok) return err([architecture.error])
  const formats = FORMATS.filter((format) => format.architectures[architecture.value] && !format.onlyWhenAsked)
  if (formats.length > 0) return ok(formats.map((format) => ({ format, architecture: architecture.value })))
  return err([fault('target_unknown', `No format has packages for ${architecture.value}; ask for a target.`)])
}
