// Scripts as rpm runs them. What a user wrote is passed on as it stands, with nFPM's meaning. Only when the manifest
// also has upgrade scripts do we write the `$1` guards that make install, upgrade and removal three things.
import { fromUtf8 } from '../../bytes/arrays.ts'
import { type Fault, fault } from '../../fault.ts'
import type { PackageSpec, ScriptName } from '../../model/spec.ts'
import { err, ok, type Result } from '../../result.ts'
import { findNotUtf8 } from '../../text/encoding.ts'
import { strings, type TagValue, text } from './header.ts'
import { type Dependency, rpmlib } from './relations.ts'
import { SENSE, TAG } from './tags.ts'

interface Slot {
  readonly script: ScriptName
  readonly body: number
  readonly program: number
  /** Says for which scriptlet an interpreter must be there. */
  readonly sense: number
}

const SLOTS: readonly Slot[] = [
  { script: 'pretrans', body: TAG.preTransaction, program: TAG.preTransactionProgram, sense: SENSE.preTransaction },
  { script: 'preinstall', body: TAG.preInstall, program: TAG.preInstallProgram, sense: SENSE.scriptPre },
  { script: 'postinstall', body: TAG.postInstall, program: TAG.postInstallProgram, sense: SENSE.scriptPost },
  { script: 'preremove', body: TAG.preUninstall, program: TAG.preUninstallProgram, sense: SENSE.scriptPreUninstall },
  {
    script: 'postremove',
    body: TAG.postUninstall,
    program: TAG.postUninstallProgram,
    sense: SENSE.scriptPostUninstall,
  },
  { script: 'posttrans', body: TAG.postTransaction, program: TAG.postTransactionProgram, sense: SENSE.postTransaction },
  { script: 'verify', body: TAG.verifyScript, program: TAG.verifyScriptProgram, sense: SENSE.scriptVerify },
]

const SHELL: readonly string[] = ['/bin/sh']

/** The program of the script's first line and its argument, as execve(2) reads it; without one, the shell. */
const interpreterOf = (script: string): readonly string[] => {
  const [, program, argument = ''] = /^#![ \t]*(\/[^\s\0]*)[ \t]*([^\r\n]*)/.exec(script) ?? []
  if (program === undefined) return SHELL
  return argument.trim() === '' ? [program] : [program, argument.trim()]
}

/** A script as a shell function. `:` keeps one of comments alone from being a syntax error. */
const shellFunction = (name: string, body: string | undefined): string =>
  `${name}() {\n:\n${body === undefined ? '' : `${body}\n`}}\n`

/**
 * `$1` is how many versions of the package will be there when the transaction is over (rpm-scriptlets(7)): above 1
 * in an upgrade. Without upgrade scripts an upgrade runs what an installation runs.
 */
const guardedInstall = (install: string | undefined, upgrade: string | undefined): string =>
  [
    shellFunction('on_install', install),
    shellFunction('on_upgrade', upgrade),
    'if [ "$1" -gt 1 ]; then on_upgrade "$@"; else on_install "$@"; fi\n',
  ].join('')

/** An upgrade runs the old version's scripts when the new one is already there: they must do nothing then. */
const guardedRemoval = (removal: string): string =>
  `${shellFunction('on_remove', removal)}if [ "$1" -eq 0 ]; then on_remove "$@"; fi\n`

type Scripts = Partial<Record<ScriptName, string>>

const guarded = (scripts: Scripts): Scripts => {
  const { preupgrade, postupgrade, preinstall, postinstall, preremove, postremove, ...rest } = scripts
  return {
    ...rest,
    ...((preinstall ?? preupgrade) !== undefined && { preinstall: guardedInstall(preinstall, preupgrade) }),
    ...((postinstall ?? postupgrade) !== undefined && { postinstall: guardedInstall(postinstall, postupgrade) }),
    ...(preremove !== undefined && { preremove: guardedRemoval(preremove) }),
    ...(postremove !== undefined && { postremove: guardedRemoval(postremove) }),
  }
}

const GUARDED = ['preinstall', 'postinstall', 'preupgrade', 'postupgrade', 'preremove', 'postremove'] as const

const isShell = (script: string): boolean => /^\/(?:usr\/)?bin\/(?:ba|da)?sh$/.test(interpreterOf(script)[0] ?? '')

const textsOf = (spec: PackageSpec): Result<Scripts, readonly Fault[]> => {
  const scripts: Scripts = {}
  const faults: Fault[] = []
  for (const [name, bytes] of Object.entries(spec.scripts) as [ScriptName, Uint8Array][]) {
    if (bytes.length === 0) continue
    const body = fromUtf8(bytes)
    const strange = findNotUtf8(bytes) ?? (bytes.includes(0) ? bytes.indexOf(0) : undefined)
    if (strange !== undefined) {
      const what = `The script ${name} is not UTF-8 text at byte ${strange}`
      const message = `${what}, which rpm keeps scripts as. Save it as UTF-8; of a program, install it and call it.`
      faults.push(fault('field_invalid', message, { key: `scripts.${name}` }))
    }
    scripts[name] = body
  }
  return faults.length > 0 ? err(faults) : ok(scripts)
}

/** Both halves become one script, so one shell must be able to run them. */
const guard = (scripts: Scripts): Result<Scripts, readonly Fault[]> => {
  if (scripts.preupgrade === undefined && scripts.postupgrade === undefined) return ok(scripts)
  const foreign = GUARDED.filter((name) => scripts[name] !== undefined && !isShell(scripts[name]))
  if (foreign.length === 0) return ok(guarded(scripts))
  return err(
    foreign.map((name) => {
      const message = `The script ${name} is no shell script, so it cannot be told apart from upgrades. Call it from one.`
      return fault('field_invalid', message, { key: `scripts.${name}` })
    }),
  )
}

export interface Scriptlets {
  readonly tags: readonly (readonly [number, TagValue])[]
  readonly requires: readonly Dependency[]
}

const scriptlet = (slot: Slot, body: string, program: readonly string[]): Scriptlets => {
  const [path = ''] = program
  const arguments_ = program.length > 1 ? [rpmlib('ScriptletInterpreterArgs', '4.0.3-1')] : []
  return {
    tags: [
      [slot.body, text(body)],
      [slot.program, program.length > 1 ? strings(program) : text(path)],
    ],
    requires: [{ name: path, sense: slot.sense | SENSE.interpreter, version: '' }, ...arguments_],
  }
}

/** The shell that runs guarded halves: bash when one of them asks for it. */
const guardShell = (scripts: Scripts): readonly string[] => {
  const wanted = GUARDED.flatMap((name) => (scripts[name] === undefined ? [] : [interpreterOf(scripts[name])[0]!]))
  return [wanted.find((path) => path.endsWith('bash')) ?? SHELL[0]!]
}

export const scriptletsOf = (spec: PackageSpec): Result<Scriptlets, readonly Fault[]> => {
  const written = textsOf(spec)
  if (!written.ok) return written
  const scripts = guard(written.value)
  if (!scripts.ok) return scripts
  const isGuarded = scripts.value !== written.value
  const made = SLOTS.flatMap((slot) => {
    const body = scripts.value[slot.script]
    if (body === undefined) return []
    const isOurs = isGuarded && body !== written.value[slot.script]
    return [scriptlet(slot, body, isOurs ? guardShell(written.value) : interpreterOf(body))]
  })
  return ok({ tags: made.flatMap(({ tags }) => tags), requires: made.flatMap(({ requires }) => requires) })
}
