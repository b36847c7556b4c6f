// What stands in an archive below its top folder, for both layouts: `root` keeps the tree as it is installed, `flat`
// puts every file beside install.sh, which knows where each one goes.

import type { PackagedItem, PackageSpec, SourceFile } from '../../model/spec.ts'
import type { ArchiveBlock } from './block.ts'

export type Layout = NonNullable<ArchiveBlock['layout']>

export const INSTALL_SCRIPT = 'install.sh'

interface Common {
  /** Below the top folder: `usr/bin/hello`, or `hello`. */
  readonly name: string
  readonly mode: number
  readonly mtimeSeconds: number
}

export type ArchiveMember =
  | (Common & { readonly kind: 'file'; readonly source: SourceFile })
  | (Common & { readonly kind: 'directory' })
  | (Common & { readonly kind: 'symlink'; readonly target: string })

export const isFolder = (item: PackagedItem): boolean => item.kind === 'dir' || item.kind === 'implicit dir'

/** Where the item lies in the archive; links and folders lie in no flat one. */
export const memberName = ({ path }: PackagedItem, layout: Layout): string =>
  layout === 'root' ? path.slice(1) : path.slice(path.lastIndexOf('/') + 1)

const memberOf = (item: PackagedItem, layout: Layout): readonly ArchiveMember[] => {
  const { mode, mtimeSeconds } = item
  const common = { name: memberName(item, layout), mode, mtimeSeconds }
  if ('source' in item) return [{ ...common, kind: 'file', source: item.source }]
  if (layout === 'flat' || item.kind === 'ghost') return []
  if (item.kind === 'symlink') return [{ ...common, kind: 'symlink', target: item.target }]
  return [{ ...common, kind: 'directory' }]
}

/** In order of their names, which no two share: `check` saw to that. */
export const archiveMembers = (spec: PackageSpec, layout: Layout): readonly ArchiveMember[] =>
  spec.items.flatMap((item) => memberOf(item, layout)).sort((a, b) => (a.name < b.name ? -1 : Number(a.name > b.name)))
