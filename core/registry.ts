// The one list of formats. Ids, targets, CLI help, menus and routes derive from it; to add a format, add a word.

import type { Fault } from './fault.ts'
import { fault } from './fault.ts'
import type { Format } from './format.ts'
import { apk } from './formats/apk/format.ts'
import { arch } from './formats/arch/format.ts'
import { ARCHIVES } from './formats/archive/format.ts'
import { deb } from './formats/deb/format.ts'
import { rpm } from './formats/rpm/format.ts'
import { type Architecture, parseArchitecture } from './model/arch.ts'
import { err, ok, type Result } from './result.ts'

// A Format<DebEntry> is used only through entries its own schema parsed, which is what makes this cast true.
export const FORMATS = [deb, rpm, apk, arch, ...ARCHIVES] as unknown as readonly Format[]

export const findFormat = (id: string): Format | undefined => FORMATS.find((format) => format.id === id)

export interface Target {
  readonly format: Format
  readonly architecture: Architecture
}

export const formatTarget = (target: Target): string => `${target.format.id}/${target.architecture}`

/** Every target a manifest can ask for, in the registry's order: `deb/amd64`, … */
export const ALL_TARGETS: readonly string[] = FORMATS.flatMap((format) =>
  Object.keys(format.architectures).map((architecture) => `${format.id}/${architecture}`),
)

/** `deb/amd64`; also people's words for an architecture (`deb/x86_64`). */
export const parseTarget = (text: string): Result<Target, Fault> => {
  const [id = '', word = '', ...rest] = text.split('/')
  const format = findFormat(id)
  const architecture = parseArchitecture(word)
  if (!format || !architecture || !format.architectures[architecture] || rest.length > 0) {
    return err(
      fault(
        'target_unknown',
        `"${text}" is not a target. Write format/architecture, one of: ${ALL_TARGETS.join(', ')}.`,
      ),
    )
  }
  return ok({ format, architecture })
}

/** The format of a finished file, by its name. */
export const parseFileName = (fileName: string): Result<Format, Fault> => {
  const suffixesOf = ({ fileSuffix, otherFileSuffixes = [] }: Format): readonly string[] => [
    fileSuffix,
    ...otherFileSuffixes,
  ]
  const format = FORMATS.find((each) => suffixesOf(each).some((suffix) => fileName.endsWith(suffix)))
  if (format) return ok(format)
  const known = FORMATS.flatMap(suffixesOf).join(', ')
  return err(fault('package_unsupported', `"${fileName}" is no package this platform knows. It takes ${known}.`))
}
