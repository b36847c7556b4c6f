// The changelog file a manifest names, in chglog's YAML form. Unknown keys are chglog's own business and ignored.
import * as z from 'zod'
import type { Fault } from '../fault.ts'
import type { ChangelogEntry } from '../model/spec.ts'
import { ok, type Result } from '../result.ts'
import { parseYamlFile } from './parse.ts'
import { text, texts, timestamp } from './scalars.ts'

export const CHANGELOG_LIMITS = { maxCharacters: 4 * 1024 * 1024, maxNodes: 500_000 }

const changelogSchema = z.array(
  z.object({
    semver: text,
    date: timestamp,
    packager: text,
    changes: z.array(z.object({ note: text.optional() })).optional(),
    deb: z.object({ urgency: text.optional(), distributions: texts.optional() }).optional(),
  }),
)

/** Nothing but comments: a project that has no release yet. */
const isBlank = (yaml: string): boolean => yaml.split(/\r?\n/).every((line) => /^\s*(?:#.*|---\s*)?$/.test(line))

/** Entries in the file's order, the newest first as chglog writes them. */
export const parseChangelog = (yaml: string, file: string): Result<readonly ChangelogEntry[], readonly Fault[]> => {
  if (isBlank(yaml)) return ok([])
  const parsed = parseYamlFile(changelogSchema, yaml, file, CHANGELOG_LIMITS)
  if (!parsed.ok) return parsed
  const entries = parsed.value.value.map(({ semver, date, packager, changes, deb }): ChangelogEntry => {
    const distribution = deb?.distributions?.join(' ')
    return {
      version: semver,
      dateSeconds: date,
      packager,
      changes: (changes ?? []).flatMap(({ note }) => (note ? [note] : [])),
      ...(distribution ? { debDistribution: distribution } : {}),
      ...(deb?.urgency ? { debUrgency: deb.urgency } : {}),
    }
  })
  return ok(entries)
}
