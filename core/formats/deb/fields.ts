// What dpkg demands of single fields of a package's control file (lib/dpkg/fields.c, parse.c); whatever it refuses would
// be offered to readers and never install. For `deb.fields` of a manifest and for strangers' files alike.
import { err, ok, type Result } from '../../result.ts'
import { quoteForMessage } from '../../text/line.ts'
import { debRelations } from './relations.ts'

/** Of dpkg's own database: in a package they are an error whatever they hold (f_status and its like, pdb_rejectstatus). */
const DATABASE_FIELDS: ReadonlySet<string> = new Set([
  'status',
  'config-version',
  'triggers-pending',
  'triggers-awaited',
])
/** They would change the version behind the index's back (f_obs_revision). */
const VERSION_FIELDS: ReadonlySet<string> = new Set(['revision', 'package-revision', 'package_revision'])
/** About the file in an archive: one word each (f_archives). An index has its own. */
const ARCHIVE_FIELDS: ReadonlySet<string> = new Set(['filename', 'size', 'md5sum'])

const WORDS: Readonly<Record<string, readonly string[]>> = {
  essential: ['yes', 'no'],
  protected: ['yes', 'no'],
  // apt's own name for it, with a warning for other words.
  important: ['yes', 'no'],
  'multi-arch': ['same', 'foreign', 'allowed', 'no'],
}

/** The value as an index should have it, or what is wrong; for a sentence that begins with the field's name. */
export const readFieldValue = (name: string, value: string): Result<string, string> => {
  const key = name.toLowerCase()
  if (DATABASE_FIELDS.has(key)) return err("is a field of dpkg's own database, which it refuses in a package")
  if (VERSION_FIELDS.has(key) && value !== '')
    return err('is obsolete and would change the version: write it into Version')
  if (ARCHIVE_FIELDS.has(key) && !/^\S+$/.test(value)) return err('is about the file in an archive: leave it out')
  if (key.length < 2) return err('has a name of one letter, which dpkg refuses')
  if (value === '') return ok('')
  const words = WORDS[key]
  if (words) {
    const word = value.toLowerCase()
    return words.includes(word) ? ok(word) : err(`is ${quoteForMessage(value)}; dpkg knows ${words.join(', ')}`)
  }
  const relations = debRelations(name, value)
  if (!relations) return ok(value)
  return relations.ok
    ? relations
    : err(`is ${quoteForMessage(value)}, which dpkg and apt cannot read: ${relations.error}`)
}

/** Two fields that dpkg and apt refuse together. */
export const isSameForAll = (arch: string, multiArch: string | undefined): boolean =>
  arch === 'all' && multiArch?.toLowerCase() === 'same'
