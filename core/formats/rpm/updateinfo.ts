// A package's release notes as an advisory: an `update` element of updateinfo, which `dnf updateinfo` and `zypper
// list-patches` show, with the fields and order of createrepo_c (src/xml_dump_updateinfo.c). The notes are the entry of
// the package's own changelog that is about its version, so they came with the package, whoever made it.
import { type Xml, xmlElement, xmlText } from '../../text/xml.ts'
import { parseEvr } from './compare.ts'
import type { RpmEntry } from './entry.ts'

type Note = RpmEntry['changelog'][number]

/** A heading ends in a version: `Jane <j@example.com> - 1.2.3-4`. Semantic Versioning's spelling means ours. */
const speaksOf = ({ author }: Note, entry: RpmEntry): boolean => {
  const word = author.trimEnd()
  const said = word.slice(word.lastIndexOf(' ') + 1).replace(/^\d+:/, '')
  const { version, release } = parseEvr(entry.version)
  const asRpm = said
    .replace(/^v(?=\d)/, '')
    .replace('-', '~')
    .replaceAll('-', '_')
  return said === version || said === `${version}-${release}` || asRpm === version
}

/** `2026-11-22 12:00:00`, UTC: libsolv reads this form and no zone. */
const dateOf = ({ dateSeconds }: Note): string =>
  new Date(dateSeconds * 1000).toISOString().slice(0, 19).replace('T', ' ')

const leaf = (name: string, text: string, attributes = {}): Xml => xmlElement(name, attributes, [xmlText(text)])

const MAX_REFERENCES = 100

const vulnerabilities = ({ text }: Note): readonly string[] =>
  [...new Set(text.match(/\bCVE-\d{4}-\d{4,19}\b/g) ?? [])].slice(0, MAX_REFERENCES)

const reference = (id: string): Xml =>
  xmlElement('reference', { href: `https://www.cve.org/CVERecord?id=${id}`, id, type: 'cve', title: id })

const packageElement = (entry: RpmEntry): Xml => {
  const { epoch, version, release } = parseEvr(entry.version)
  const { name, arch, sourceRpm: src } = entry
  return xmlElement('package', { name, version, release, epoch, arch, src }, [
    leaf('filename', entry.fileName),
    leaf('sum', entry.sha256, { type: 'sha256' }),
  ])
}

/** Undefined where the changelog says nothing of this version. */
export const updateElement = (entry: RpmEntry, channel: string): Xml | undefined => {
  const note = entry.changelog.find((each) => speaksOf(each, entry))
  if (!note || note.text.trim() === '') return undefined
  const { name, version, arch } = entry
  const cves = vulnerabilities(note)
  // Only what fixes a vulnerability can be told from the rest by its words.
  const type = cves.length > 0 ? 'security' : 'enhancement'
  const from = note.author.replace(/(?: -)? \S+\s*$/, '')
  const date = dateOf(note)
  return xmlElement('update', { from, status: 'stable', type, version: '1' }, [
    // One an architecture, since each is published by itself; the same for the same package, for ever.
    leaf('id', `${name}-${version}.${arch}`),
    leaf('title', `${name} ${version}`),
    xmlElement('issued', { date }),
    xmlElement('updated', { date }),
    leaf('summary', entry.summary),
    leaf('description', note.text),
    xmlElement('references', {}, cves.map(reference)),
    xmlElement('pkglist', {}, [
      xmlElement('collection', { short: channel }, [leaf('name', channel), packageElement(entry)]),
    ]),
  ])
}
