// The one list of formats. Ids, targets, CLI help, menus and routes derive from it; to add a format, add a word.

import type { Fault } from './fault.ts'
import { fault } from './fault.ts'
import type { Format } from './format.ts'
import { apk } from './formats/apk/format.ts'
import { arch } from './formats/arch/format.ts'
import { ARCHIVES } from './formats/archive/format.ts'
import { deb } from './formats/deb/format.ts'
import { ipk } from './formats/ipk/format.ts'
import { rpm } from './formats/rpm/format.ts'
import { ARCHITECTURES, type Architecture, parseArchitecture } from './model/arch.ts'
import { err, ok, type Result } from './result.ts'

// A Format<DebEntry> is used only through entries its own schema parsed, which is what makes this cast true.
export const FORMATS = [deb, rpm, apk, arch, ipk, ...ARCHIVES] as unknown as readonly Format[]

export const findFormat = (id: string): Format | undefined => FORMATS.find((format) => format.id === id)

export interface Target {
  readonly format: Format
  readonly architecture: Architecture
}

export const formatTarget = (target: Target): string => `${target.format.id}/${target.architecture}`

/** The architectures a format has packages for, the common ones first. */
export const architecturesOf = ({ architectures }: Format): readonly Architecture[] =>
  ARCHITECTURES.filter((architecture) => architectures[architecture])

const targetsOf = (format: Format): readonly string[] =>
  architecturesOf(format).map((architecture) => formatTarget({ format, architecture }))

/** Every target a manifest can ask for, in the registry's order: `deb/amd64`, … */
export const ALL_TARGETS: readonly string[] = FORMATS.flatMap(targetsOf)

const unknownTarget = (message: string): Result<never, Fault> => err(fault('target_unknown', message))

/**
 * `deb/amd64`; also people's words for a format (`archlinux/amd64`) and an architecture (`deb/x86_64`), and `deb` alone
 * where `own` says what architecture the manifest is of.
 */
export const parseTarget = (text: string, own?: Architecture): Result<Target, Fault> => {
  const [id = '', word, ...rest] = text.split('/')
  const format = findFormatCalled(id)
  if (!format || rest.length > 0 || (word === undefined && own === undefined)) {
    const ids = FORMATS.map((each) => each.id).join(', ')
    return unknownTarget(`"${text}" is not a target. Write format/architecture; formats are ${ids}.`)
  }
  const architecture = word === undefined ? own : parseArchitecture(word)
  if (architecture && format.architectures[architecture]) return ok({ format, architecture })
  const why = architecture ? `${format.id} has no packages for ${architecture}` : `"${word}" is no architecture`
  return unknownTarget(`"${text}" is not a target: ${why}. Write one of ${targetsOf(format).join(', ')}.`)
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

/** By its id, nFPM's word, or any other it is called by. */
export const findFormatCalled = (word: string): Format | undefined =>
  FORMATS.find(({ id, manifestName, alsoCalled = [] }) => [id, manifestName, ...alsoCalled].includes(word))
