// A manifest's `contents` to packaged items: nFPM's files.PrepareForPackager on a SourceTree. Every problem of
// every entry is reported; where two entries meet, the later one is the problem.
import { StreamFault } from '../bytes/stream-fault.ts'
import { type Fault, type FaultCode, fault } from '../fault.ts'
import type { FileKind, PackagedItem } from '../model/spec.ts'
import { addTree } from './contents-tree.ts'
import { type GlobOutcome, glob } from './glob.ts'
import { PatternError } from './glob-pattern.ts'
import {
  addParents,
  type ContentsRequest,
  ContentTrouble,
  checkedPath,
  checkedTarget,
  conflict,
  DIRECTORY_MODE,
  type Items,
  isDecimalMode,
  missing,
  ownedBy,
  put,
  type Room,
  readItem,
  refuseClimbing,
  SYMLINK_MODE,
  warnOf,
} from './items.ts'
import type { LocatedContent } from './overrides.ts'
import { clean } from './paths.ts'
import type { ContentType } from './schema.ts'
import { follow } from './tree.ts'

const RPM_ONLY: ReadonlySet<string> = new Set(['doc', 'licence', 'license', 'readme', 'ghost'])

const isForPackager = (
  { packager, type }: LocatedContent,
  { packager: wanted, formatId }: Pick<ContentsRequest, 'packager' | 'formatId'>,
): boolean =>
  (!packager || packager === wanted || packager === formatId) && (wanted === 'rpm' || !RPM_ONLY.has(type ?? ''))

const destination = (content: LocatedContent): string => {
  const { dst = '', type = '' } = content
  if (dst === '' && !type.endsWith('tree')) {
    throw new ContentTrouble('manifest_invalid', 'dst', 'dst is missing: say where it is installed')
  }
  refuseClimbing(dst)
  return dst
}

const source = ({ src, type }: LocatedContent): string => {
  if (src) return src
  throw new ContentTrouble('manifest_invalid', 'src', `src is missing: a ${type || 'file'} needs one`)
}

const fileKind = (type: string): FileKind => {
  if (type === '' || type === 'file') return 'file'
  return type === 'license' ? 'licence' : (type as FileKind)
}

/** Room for an item that may not meet anything, with folders above it. */
const claim = (room: Room, content: LocatedContent, path: string, request: ContentsRequest): void => {
  const present = room.items.get(path)
  if (present) throw conflict(path, present, content.type || 'file')
  const info = content.type === '' || !content.type || content.type.startsWith('config') ? content.file_info : undefined
  addParents(room, path, info, request.mtimeSeconds ?? request.buildTimeSeconds)
}

const warnOfGlob = (
  content: LocatedContent,
  { leftOut, isFlattened }: Extract<GlobOutcome, { kind: 'found' }>,
  request: ContentsRequest,
): void => {
  const { src = '', dst = '' } = content
  if (leftOut.length > 0) {
    const [first = ''] = leftOut
    const more = leftOut.length > 1 ? ` and ${leftOut.length - 1} more` : ''
    const message = `${first}${more} below ${src} is a symlink to a folder, which is left out, as in nFPM: list it with \`type: symlink\`, or use \`type: tree\``
    warnOf(request, content, { code: 'link_left_out', key: 'src', message })
  }
  if (!isFlattened) return
  const message = `the files of all folders below ${src} go straight into ${dst}, as in nFPM: without its last slash, ${dst.replace(/\/+$/, '')} keeps the folders`
  warnOf(request, content, { code: 'folder_flattened', key: 'dst', message })
}

/** Written in every format's octal but YAML's: 755 is 01363. */
const warnOfMode = (content: LocatedContent, request: ContentsRequest): void => {
  const mode = content.file_info?.mode
  if (mode === undefined) return
  const written = request.written([...content.at, 'file_info', 'mode'])
  if (!isDecimalMode(written)) return
  const message = `mode ${written} is a decimal number, as in nFPM, and means 0${mode.toString(8)}: write 0${written}`
  warnOf(request, content, { code: 'mode_decimal', key: 'file_info', message })
}

const addGlob = async (room: Room, content: LocatedContent, request: ContentsRequest): Promise<void> => {
  const src = source(content)
  const { tree, isGlobbingDisabled, work } = request
  const outcome = await glob(tree, { src, dst: destination(content), isGlobbingDisabled, work })
  if (outcome.kind === 'missing') throw missing(src)
  if (outcome.kind === 'found') warnOfGlob(content, outcome, request)
  if (outcome.kind !== 'found') throw new ContentTrouble('source_missing', 'src', `${src} matches no file`)
  for (const match of outcome.matches) {
    const path = checkedPath(match.destination)
    claim(room, content, path, request)
    const kind = fileKind(content.type ?? '')
    put(room, await readItem(request, match.source, path, kind, content.file_info))
  }
}

const addDirectory = async (room: Room, content: LocatedContent, request: ContentsRequest): Promise<void> => {
  const path = checkedPath(destination(content))
  const present = room.items.get(path)
  if (present && present.kind !== 'implicit dir') throw conflict(path, present, 'dir')
  const time = request.mtimeSeconds ?? request.buildTimeSeconds
  addParents(room, path, undefined, time)
  const info = content.file_info
  const like = content.src ? await follow(request.tree, clean(content.src)) : undefined
  if (content.src && !like) throw missing(content.src)
  if (like && like.stat.kind !== 'directory') {
    throw new ContentTrouble('manifest_invalid', 'src', `${content.src} is no folder, but the src of a dir must be one`)
  }
  const mtimeSeconds = info?.mtime ?? request.mtimeSeconds ?? like?.stat.mtimeSeconds ?? time
  put(room, { kind: 'dir', path, mode: info?.mode || DIRECTORY_MODE, ...ownedBy(info), mtimeSeconds })
}

const addSymlink = async (room: Room, content: LocatedContent, request: ContentsRequest): Promise<void> => {
  const path = checkedPath(destination(content))
  claim(room, content, path, request)
  const target = checkedTarget(clean(source(content)))
  const info = content.file_info
  const mtimeSeconds = info?.mtime ?? request.mtimeSeconds ?? request.buildTimeSeconds
  put(room, { kind: 'symlink', path, mode: SYMLINK_MODE, ...ownedBy(info), mtimeSeconds, target })
}

/** rpm: what a %ghost without a mode of its own gets. */
const GHOST_MODE = 0o644

const addGhost = async (room: Room, content: LocatedContent, request: ContentsRequest): Promise<void> => {
  const path = checkedPath(destination(content))
  claim(room, content, path, request)
  const info = content.file_info
  const mtimeSeconds = info?.mtime ?? request.mtimeSeconds ?? request.buildTimeSeconds
  put(room, { kind: 'ghost', path, mode: info?.mode || GHOST_MODE, ...ownedBy(info), mtimeSeconds })
}

/** doc, licence, readme: one file, no glob; a symlink gives the file it leads to. */
const addMarked = async (room: Room, content: LocatedContent, request: ContentsRequest): Promise<void> => {
  const path = checkedPath(destination(content))
  claim(room, content, path, request)
  const followed = await follow(request.tree, clean(source(content)))
  if (!followed) throw missing(content.src ?? '')
  put(room, await readItem(request, followed.path, path, fileKind(content.type ?? ''), content.file_info))
}

type Adder = (room: Room, content: LocatedContent, request: ContentsRequest) => Promise<void>

const ADDERS: Readonly<Record<ContentType, Adder>> = {
  '': addGlob,
  file: addGlob,
  config: addGlob,
  'config|noreplace': addGlob,
  'config|missingok': addGlob,
  dir: addDirectory,
  // Its files bring it back; nFPM skips it as well.
  'implicit dir': async () => {},
  symlink: addSymlink,
  ghost: addGhost,
  doc: addMarked,
  license: addMarked,
  licence: addMarked,
  readme: addMarked,
  tree: (room, content, request) => addTree(room, content, request, 'file'),
  'config|tree': (room, content, request) => addTree(room, content, request, 'config'),
  'config|noreplace|tree': (room, content, request) => addTree(room, content, request, 'config|noreplace'),
  'config|missingok|tree': (room, content, request) => addTree(room, content, request, 'config|missingok'),
}

interface Told {
  readonly code: FaultCode
  readonly key: string
  readonly message: string
}

const tell = (error: unknown, { src }: LocatedContent): Told => {
  if (error instanceof ContentTrouble) return error
  if (error instanceof StreamFault) return { code: error.code, key: 'src', message: error.message }
  if (!(error instanceof PatternError)) throw error
  const message = `${src} is not a pattern: ${error.message}; put \\ before it to mean itself`
  return { code: 'manifest_invalid', key: 'src', message }
}

const faultOf = (error: unknown, content: LocatedContent, request: ContentsRequest): Fault => {
  const { code, key, message } = tell(error, content)
  const where = request.where([...content.at, key])
  return fault(code, `${where.file}:${where.line ?? 1}:${where.column ?? 1}: ${message}`, where)
}

const byPath = (a: PackagedItem, b: PackagedItem): number => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0)

/** Longer than any path: what looks at it character by character may look more than once. */
const MAX_WRITTEN_CHARACTERS = 4096

const refuseLong = ({ src = '', dst = '' }: LocatedContent): void => {
  for (const [key, text] of [
    ['src', src],
    ['dst', dst],
  ] as const) {
    if (text.length <= MAX_WRITTEN_CHARACTERS) continue
    const count = MAX_WRITTEN_CHARACTERS.toLocaleString('en-US')
    throw new ContentTrouble('limit_exceeded', key, `${key} has more than ${count} characters; shorten it`)
  }
}

export interface ResolvedContents {
  readonly items: readonly PackagedItem[]
  readonly faults: readonly Fault[]
}

export const resolveContents = async (request: ContentsRequest): Promise<ResolvedContents> => {
  const items: Items = new Map()
  const room: Room = { items, budget: request.work.budget.forPackage() }
  const faults: Fault[] = []
  for (const content of request.contents) {
    if (!isForPackager(content, request)) continue
    try {
      refuseLong(content)
      warnOfMode(content, request)
      await ADDERS[content.type ?? ''](room, content, request)
    } catch (error) {
      const found = faultOf(error, content, request)
      if (!(error instanceof StreamFault)) faults.push(found)
      else {
        // The next entry would find the budget as empty as this one did. First, since long lists are cut.
        faults.unshift(found)
        break
      }
    }
  }
  return { items: [...items.values()].sort(byPath), faults }
}
