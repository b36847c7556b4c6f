// `distropack inspect FILE`: what a finished package says of itself, read as the server would read it.
import { basename } from 'node:path'
import type { Entry } from '@distropack/core/model/entry.ts'
import { ok } from '@distropack/core/result.ts'
import { inspectPackage } from '@distropack/packager/host/inspect-package.ts'
import { faultTrouble, type Outcome } from '../outcome.ts'
import { formatBytes, type Terminal, warningsOn } from '../terminal.ts'
import { inColumns } from './answers.ts'

/** Shown first, or in another form. */
const KNOWN: ReadonlySet<string> = new Set(['format', 'name', 'version', 'arch', 'summary', 'fileName', 'paths'])

/** A field of a control file: its name and its text. */
const isPair = (value: unknown): value is readonly [string, string] =>
  Array.isArray(value) && value.length === 2 && value.every((each) => typeof each === 'string')

const textOf = (value: unknown): readonly string[] => {
  if (Array.isArray(value) && value.every(isPair)) {
    return value.flatMap(([name, text]) => `${name}: ${text}`.split('\n'))
  }
  if (Array.isArray(value)) return value.map((each) => (typeof each === 'string' ? each : JSON.stringify(each)))
  if (typeof value === 'object' && value !== null) {
    return Object.entries(value).map(
      ([key, each]) => `${key}: ${typeof each === 'string' ? each : JSON.stringify(each)}`,
    )
  }
  return String(value).split('\n')
}

const isSaid = (value: unknown): boolean =>
  value !== undefined && value !== null && value !== '' && !(Array.isArray(value) && value.length === 0)

const linesOf = (entry: Entry, withFiles: boolean): readonly string[] => {
  const fields = Object.entries(entry).filter(([key, value]) => !KNOWN.has(key) && isSaid(value))
  const rows = fields.flatMap(([key, value]) =>
    textOf(key.endsWith('SizeBytes') || key === 'sizeBytes' ? `${value} (${formatBytes(Number(value))})` : value).map(
      (line, index) => [index === 0 ? `  ${key}` : '', line],
    ),
  )
  const files = entry.paths.map(({ path, kind }) => `  ${kind.padEnd(9)}  ${path}`)
  return [
    `${entry.name} ${entry.version} (${entry.format}, ${entry.arch})${entry.summary ? `: ${entry.summary}` : ''}`,
    ...inColumns(rows),
    ...(withFiles ? ['Files:', ...files] : [`${files.length} paths; --files lists them.`]),
  ]
}

export const inspect = async (
  path: string,
  flags: { readonly files?: boolean },
  terminal: Terminal,
): Promise<Outcome> => {
  const { warn, warnings } = warningsOn(terminal)
  const entry = await inspectPackage({ fileName: basename(path), path, warn })
  if (!entry.ok) return faultTrouble([entry.error])
  return ok({
    document: { package: entry.value, warnings: warnings() },
    lines: linesOf(entry.value, flags.files ?? false),
  })
}
