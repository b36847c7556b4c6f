// Relations of opkg, which took dpkg's form over (libopkg/pkg_depends.c, parseDepends), and what a feed may hold of a
// stranger's control file.
import { err, ok, type Result } from '../../result.ts'
import { type RelationRules, readRelations } from '../../text/debian-relations.ts'
import { quoteForMessage } from '../../text/line.ts'

/** opkg compares versions of any letters. */
const isVersion = (text: string): boolean => /^[A-Za-z0-9][!-~]*$/.test(text)

const RULES: RelationRules = {
  alternatives: true,
  comparisons: true,
  architectures: false,
  lowerCase: false,
  isVersion,
}

const FIELDS: ReadonlySet<string> = new Set([
  ...['pre-depends', 'depends', 'recommends', 'suggests', 'provides', 'conflicts', 'replaces'],
])

/** Of a router's own list of packages (libopkg/pkg_parse.c): a package that says them lies about itself. */
const STATE_FIELDS: ReadonlySet<string> = new Set(['status', 'installed-time'])

export const ipkRelations = (text: string): Result<string, string> => readRelations(text, RULES)

/** The value as a feed should have it, or what is wrong; for a sentence that begins with the field's name. */
export const readFieldValue = (name: string, value: string): Result<string, string> => {
  const key = name.toLowerCase()
  if (STATE_FIELDS.has(key)) return err("is of opkg's own list of installed packages: leave it out")
  if (value === '' || !FIELDS.has(key)) return ok(value)
  const relations = ipkRelations(value)
  return relations.ok ? relations : err(`is ${quoteForMessage(value)}, which opkg cannot read: ${relations.error}`)
}
