// control.tar: the control file and what dpkg runs or reads beside it (deb(5), deb-triggers(5), debconf).
import { concatBytes, utf8 } from '../../bytes/arrays.ts'
import { TAR_END, tarFile, tarHeader } from '../../bytes/tar-write.ts'
import type { PackagedItem, PackageSpec, ScriptName } from '../../model/spec.ts'
import type { DebBlock } from './block.ts'

/** File, its mode, and the manifest's name for it. `rules` is no file of dpkg's; nFPM packs it, so we do. */
const SCRIPTS: readonly (readonly [file: string, mode: number, script: ScriptName])[] = [
  ['config', 0o755, 'config'],
  ['postinst', 0o755, 'postinstall'],
  ['postrm', 0o755, 'postremove'],
  ['preinst', 0o755, 'preinstall'],
  ['prerm', 0o755, 'preremove'],
  ['rules', 0o755, 'rules'],
  ['templates', 0o644, 'templates'],
]

export const TRIGGER_DIRECTIVES = [
  ['interest', 'interest'],
  ['interest-await', 'interest_await'],
  ['interest-noawait', 'interest_noawait'],
  ['activate', 'activate'],
  ['activate-await', 'activate_await'],
  ['activate-noawait', 'activate_noawait'],
] as const

const triggersText = (block: DebBlock): string =>
  TRIGGER_DIRECTIVES.flatMap(([directive, key]) =>
    (block.triggers?.[key] ?? []).map((name) => `${directive} ${name.trim()}\n`),
  ).join('')

/** dpkg has one kind of configuration file; nFPM's three are all of it. */
const conffilesText = (items: readonly PackagedItem[]): string =>
  items
    .filter(({ kind }) => kind === 'config' || kind === 'config|noreplace' || kind === 'config|missingok')
    .map(({ path }) => `${path}\n`)
    .join('')

interface ControlParts {
  readonly spec: PackageSpec
  readonly block: DebBlock
  readonly controlText: string
  readonly md5Lines: readonly string[]
  readonly items: readonly PackagedItem[]
}

export const controlTar = (parts: ControlParts): Uint8Array => {
  const { spec, block } = parts
  const common = { owner: 'root', group: 'root', mtimeSeconds: spec.mtimeSeconds }
  const file = (name: string, mode: number, body: Uint8Array) =>
    body.length === 0 ? [] : [tarFile({ ...common, name: `./${name}`, mode }, body, 'gnu')]
  return concatBytes([
    tarHeader({ ...common, name: './', kind: 'directory', mode: 0o755 }, 'gnu'),
    ...file('conffiles', 0o644, utf8(conffilesText(parts.items))),
    ...file('control', 0o644, utf8(parts.controlText)),
    ...file('md5sums', 0o644, utf8(parts.md5Lines.join(''))),
    ...SCRIPTS.flatMap(([name, mode, script]) => file(name, mode, spec.scripts[script] ?? new Uint8Array(0))),
    ...file('triggers', 0o644, utf8(triggersText(block))),
    TAR_END,
  ])
}
