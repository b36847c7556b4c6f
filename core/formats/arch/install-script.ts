// .INSTALL: one file of shell functions that pacman sources and calls (PKGBUILD(5), "Install/Upgrade/Remove
// Scripting"), and .CHANGELOG, which `pacman -Qc` shows.
import { concatBytes, fromUtf8, utf8 } from '../../bytes/arrays.ts'
import { type Fault, fault } from '../../fault.ts'
import type { PackageSpec, ScriptName } from '../../model/spec.ts'
import { hasControl, quoteForMessage } from '../../text/line.ts'

const FUNCTIONS: readonly (readonly [name: string, script: ScriptName])[] = [
  ['pre_install', 'preinstall'],
  ['post_install', 'postinstall'],
  ['pre_upgrade', 'preupgrade'],
  ['post_upgrade', 'postupgrade'],
  ['pre_remove', 'preremove'],
  ['post_remove', 'postremove'],
]

/** The bodies are written into one bash file, so a script in another language would break all of them. */
const SHELL = /^#![ \t]*(?:\S*\/)?(?:env[ \t]+)?(?:\S*\/)?(?:sh|bash|dash|ash|ksh)(?:[ \t]|$)/

export const scriptFaults = (spec: PackageSpec): readonly Fault[] =>
  FUNCTIONS.flatMap(([, script]) => {
    const first = fromUtf8((spec.scripts[script] ?? new Uint8Array(0)).subarray(0, 200)).split(/\r?\n/)[0]!
    if (!first.startsWith('#!') || SHELL.test(first)) return []
    const message = `pacman runs scripts in bash, but ${script} begins with ${quoteForMessage(first)}. Give archlinux a shell script in overrides.`
    return [fault('field_invalid', message, { key: `scripts.${script}` })]
  })

/** Undefined when there is nothing to run. The colon keeps a script of comments from being an empty function: an error. */
export const installScript = (spec: PackageSpec): Uint8Array | undefined => {
  const functions = FUNCTIONS.flatMap(([name, script]) => {
    const body = spec.scripts[script]
    return body && body.length > 0 ? [utf8(`${name}() {\n:\n`), body, utf8('\n}\n\n')] : []
  })
  return functions.length > 0 ? concatBytes(functions) : undefined
}

const plain = (text: string): string => [...text].filter((character) => !hasControl(character)).join('')

export const changelogFile = ({ changelog }: PackageSpec): Uint8Array | undefined => {
  if (changelog.length === 0) return undefined
  const paragraphs = changelog.map(({ version, dateSeconds, packager, changes }) => {
    const day = new Date(dateSeconds * 1000).toISOString().slice(0, 10)
    const lines = changes.map((change) => change.split(/\r?\n/).map(plain).join('\n    '))
    return [`${plain(version)} (${day}) ${plain(packager)}`, ...lines.map((text) => `  * ${text}`), ''].join('\n')
  })
  return utf8(paragraphs.join('\n'))
}
