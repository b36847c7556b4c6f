// install.sh: puts an archive's files where its package would, in plain POSIX sh (dash, busybox, bash). Every word
// of the manifest in it is quoted; paths hold no control characters, `check` refuses those.
import type { PackagedItem, PackageSpec } from '../../model/spec.ts'
import { isFolder, type Layout, memberName } from './members.ts'
import { type ArchiveIdentity, identityOf } from './names.ts'

/** What the archive says of itself, one line of JSON: `inspect` reads it back. */
export interface ArchiveFacts extends ArchiveIdentity {
  readonly summary: string
  readonly layout: Layout
}

const FACTS_PREFIX = '# distropack '

const quote = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`
const octal = (mode: number): string => mode.toString(8).padStart(4, '0')

const commandOf = (item: PackagedItem, layout: Layout, own: ReadonlySet<string>): string => {
  const path = quote(item.path.slice(1))
  if (item.kind === 'symlink') {
    // A link to a path of the package must follow it into another PREFIX; any other target is the system's.
    return own.has(item.target)
      ? `link_own ${quote(item.target.slice(1))} ${path}`
      : `link ${quote(item.target)} ${path}`
  }
  if (isFolder(item)) return `folder ${octal(item.mode)} ${path}`
  const verb = item.kind.startsWith('config') ? 'config' : 'file'
  return `${verb} ${octal(item.mode)} ${quote(memberName(item, layout))} ${path}`
}

const ownerCommand = ({ path, owner, group }: PackagedItem): readonly string[] =>
  owner === 'root' && group === 'root' ? [] : [`owner ${quote(`${owner}:${group}`)} ${quote(path.slice(1))}`]

const PROLOGUE = `set -eu
umask 022

usage() {
  cat <<'END'
Usage: [PREFIX=/usr/local] [DESTDIR=] ./install.sh [--uninstall]

  PREFIX   where /usr's share goes: bin, lib, share. With /usr or /usr/local, everything else goes to its own place
           (/etc, /var); with any other PREFIX, below that too. Default: /usr/local
  DESTDIR  put before every path, for packagers

A configuration file that differs from the archive's is kept; the new one is put beside it as NAME.new.
END
}

fail() {
  echo "install.sh: $1" >&2
  exit 1
}

uninstall=
for argument in "$@"; do
  case $argument in
    --uninstall) uninstall=yes ;;
    -h | --help)
      usage
      exit 0
      ;;
    *)
      usage >&2
      exit 2
      ;;
  esac
done

PREFIX=\${PREFIX:-/usr/local}
DESTDIR=\${DESTDIR:-}
case $PREFIX in /*) ;; *) fail "PREFIX must be an absolute path, but is $PREFIX" ;; esac
PREFIX=\${PREFIX%/}
DESTDIR=\${DESTDIR%/}
case $PREFIX in /usr | /usr/local) root= ;; *) root=$PREFIX ;; esac
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)

# Sets $place to where a path of the package is installed, without DESTDIR.
locate() {
  case $1 in
    usr/local/*) place=$PREFIX/\${1#usr/local/} ;;
    usr/*) place=$PREFIX/\${1#usr/} ;;
    usr) place=\${PREFIX:-/} ;;
    *) place=$root/$1 ;;
  esac
}

# Copies under another name and renames, so that a program in use is replaced and not written into.
copy() {
  mkdir -p -- "\${3%/*}"
  [ ! -d "$3" ] || fail "$3 is a folder, and must be a file"
  rm -f -- "$3.$$"
  cp -- "$here/$2" "$3.$$"
  chmod "$1" "$3.$$"
  mv -f -- "$3.$$" "$3"
}

file() {
  locate "$3"
  if [ "$uninstall" ]; then rm -f -- "$DESTDIR$place"; else copy "$1" "$2" "$DESTDIR$place"; fi
}

config() {
  locate "$3"
  target=$DESTDIR$place
  if [ -e "$target" ] && ! cmp -s -- "$here/$2" "$target"; then
    echo "$place is kept: it was changed"
    [ "$uninstall" ] || copy "$1" "$2" "$target.new"
  else
    file "$1" "$2" "$3"
  fi
}

link() {
  locate "$2"
  target=$DESTDIR$place
  if [ "$uninstall" ]; then
    [ ! -L "$target" ] || rm -f -- "$target"
    return 0
  fi
  mkdir -p -- "\${target%/*}"
  if [ -d "$target" ] && [ ! -L "$target" ]; then fail "$target is a folder, and must be a link"; fi
  rm -f -- "$target"
  ln -s -- "$1" "$target"
}

link_own() {
  locate "$1"
  link "$place" "$2"
}

folder() {
  [ ! "$uninstall" ] || return 0
  locate "$2"
  [ -d "$DESTDIR$place" ] || { mkdir -p -- "$DESTDIR$place" && chmod "$1" "$DESTDIR$place"; }
}

# Only root can give files away, and only where the names mean something.
owner() {
  [ ! "$uninstall" ] && [ ! "$DESTDIR" ] && [ "$(id -u)" = 0 ] || return 0
  locate "$2"
  chown -h -- "$1" "$place" || echo "$place stays root's: there is no $1 here" >&2
}

# Folders that became empty, but never those that stand in PREFIX or / itself.
unfolder() {
  locate "$1"
  case \${place#"$root"} in /*/*) ;; *) return 0 ;; esac
  case \${place#"$PREFIX"} in /*/*) ;; *) return 0 ;; esac
  rmdir -- "$DESTDIR$place" 2>/dev/null || :
}
`

/** A package's own folders are made with their modes; those above them only as needed. */
const listed = (item: PackagedItem): boolean => item.kind !== 'ghost' && item.kind !== 'implicit dir'

export const installScript = (spec: PackageSpec, facts: ArchiveFacts): string => {
  const { layout } = facts
  const items = spec.items.filter(listed)
  const own = new Set(spec.items.map(({ path }) => path))
  const folders = spec.items.filter(isFolder).map(({ path }) => `  unfolder ${quote(path.slice(1))}`)
  return [
    '#!/bin/sh',
    FACTS_PREFIX + JSON.stringify(facts),
    PROLOGUE,
    ...items.map((item) => commandOf(item, layout, own)),
    ...items.flatMap(ownerCommand),
    'if [ "$uninstall" ]; then',
    '  :',
    ...folders.reverse(),
    'fi',
    '',
  ].join('\n')
}

export const factsOf = (spec: PackageSpec, layout: Layout, summary: string): ArchiveFacts => ({
  ...identityOf(spec),
  summary,
  layout,
})

/** Undefined when the script is not one of ours. */
export const readFactsLine = (script: string): unknown => {
  const line = script.split('\n')[1] ?? ''
  if (!line.startsWith(FACTS_PREFIX)) return undefined
  try {
    return JSON.parse(line.slice(FACTS_PREFIX.length))
  } catch {
    return undefined
  }
}
