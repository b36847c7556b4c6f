// XML 1.0 elements as text. A value gets into one by `xmlText` or as an attribute only, so no name, path or
// description of a stranger's can open or close anything.

declare const xmlBrand: unique symbol
/** Well-formed XML: made here and nowhere else. */
export type Xml = string & { readonly [xmlBrand]: true }

/** Every value is escaped; `undefined` leaves the attribute out. */
export type XmlAttributes = Readonly<Record<string, string | number | undefined>>

/** What XML 1.0 (2.2, "Char") cannot hold, not even escaped. Each becomes U+FFFD, as undecodable bytes do. */
const FORBIDDEN = /[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }

/** A reader turns a bare \r into \n. */
const escapeText = (text: string): string =>
  text
    .replace(FORBIDDEN, '\uFFFD')
    .replace(/[&<>]/g, (character) => ENTITIES[character]!)
    .replaceAll('\r', '&#13;')

/** In an attribute a reader turns every bare white space into a space. */
const escapeAttribute = (text: string): string =>
  text
    .replace(FORBIDDEN, '\uFFFD')
    .replace(/[&<>"]/g, (character) => ENTITIES[character]!)
    .replace(/[\t\n\r]/g, (character) => `&#${character.charCodeAt(0)};`)

/** Names are written in code, never taken from a package. */
const NAME = /^[A-Za-z_][A-Za-z0-9_.-]*(?::[A-Za-z_][A-Za-z0-9_.-]*)?$/

const checkedName = (name: string): string => {
  if (!NAME.test(name)) throw new Error('an XML name comes from code and is a plain word')
  return name
}

const startOf = (name: string, attributes: XmlAttributes): string => {
  let start = `<${checkedName(name)}`
  for (const [key, value] of Object.entries(attributes)) {
    if (value !== undefined) start += ` ${checkedName(key)}="${escapeAttribute(String(value))}"`
  }
  return start
}

export const xmlText = (text: string): Xml => escapeText(text) as Xml

export const xmlElement = (name: string, attributes: XmlAttributes = {}, children: readonly Xml[] = []): Xml => {
  const inner = children.join('')
  const start = startOf(name, attributes)
  return (inner === '' ? `${start}/>` : `${start}>${inner}</${name}>`) as Xml
}

/** The beginning of a document whose root is closed elsewhere, and its end: for indexes that are joined from parts. */
export const xmlOpening = (name: string, attributes: XmlAttributes): string =>
  `<?xml version="1.0" encoding="UTF-8"?>\n${startOf(name, attributes)}>\n`

export const xmlClosing = (name: string): string => `</${checkedName(name)}>\n`
