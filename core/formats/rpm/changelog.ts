// The changelog as rpm keeps it: a time, a title and a text for each entry, in nFPM's form.
import { type Fault, fault } from '../../fault.ts'
import type { ChangelogEntry } from '../../model/spec.ts'
import { err, ok, type Result } from '../../result.ts'
import { manyLines, oneLine } from '../../text/line.ts'
import { strings, type TagValue } from './header.ts'
import { TAG } from './tags.ts'

/** `- note`, further lines of one as they are. */
const noteText = (note: string, key: string): Result<string, Fault> => {
  const lines = manyLines(note, key)
  return lines.ok ? ok(`- ${lines.value.filter((line) => line.trim() !== '').join('\n')}`) : lines
}

interface Rendered {
  readonly time: number
  readonly title: string
  readonly text: string
}

const MAX_SECONDS = 0xffffffff

const renderEntry = (entry: ChangelogEntry, at: number): Result<Rendered, Fault> => {
  const key = `changelog.${at}`
  const title = oneLine(`${entry.packager} - ${entry.version}`, key)
  if (!title.ok) return title
  if (entry.dateSeconds < 0 || entry.dateSeconds > MAX_SECONDS) {
    return err(fault('field_invalid', `${key} has a date rpm cannot hold; write one from 1970 to 2106.`, { key }))
  }
  const notes: string[] = []
  for (const change of entry.changes) {
    const note = noteText(change, key)
    if (!note.ok) return note
    if (note.value !== '- ') notes.push(note.value)
  }
  return ok({ time: entry.dateSeconds, title: title.value, text: notes.join('\n') })
}

/** No tags at all for no entries: rpm refuses empty ones. */
export const changelogTags = (
  changelog: readonly ChangelogEntry[],
): Result<readonly (readonly [number, TagValue])[], readonly Fault[]> => {
  const entries: Rendered[] = []
  const faults: Fault[] = []
  for (const [at, entry] of changelog.entries()) {
    const rendered = renderEntry(entry, at)
    if (rendered.ok) entries.push(rendered.value)
    else faults.push(rendered.error)
  }
  if (faults.length > 0) return err(faults)
  return ok([
    [TAG.changelogTimes, { type: 'int32', values: entries.map(({ time }) => time) }],
    [TAG.changelogNames, strings(entries.map(({ title }) => title))],
    [TAG.changelogTexts, strings(entries.map(({ text }) => text))],
  ])
}
