// A strict reader of the XML our indexes are made of: elements, attributes, text, the five entities and numbers. What
// else XML has (CDATA, comments, doctypes) no index of ours may hold, so it is an error here.

export interface XmlNode {
  readonly name: string
  readonly attributes: Readonly<Record<string, string>>
  readonly children: readonly XmlNode[]
  readonly text: string
}

interface OpenNode {
  readonly name: string
  readonly attributes: Record<string, string>
  readonly children: XmlNode[]
  text: string
}

const NAMED: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" }

const unescaped = (text: string): string => {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
  if (/[<>\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/.test(text)) throw new Error(`forbidden in XML: ${text}`)
  return text.replace(/&(?:#(\d+)|(\w+));|&/g, (whole, code: string | undefined, name: string | undefined) => {
    if (code !== undefined) return String.fromCodePoint(Number(code))
    const character = NAMED[name ?? '']
    if (character === undefined) throw new Error(`unknown entity ${whole}`)
    return character
  })
}

const readAttributes = (text: string): Record<string, string> => {
  const attributes: Record<string, string> = {}
  const rest = text.replace(/\s+([A-Za-z_][\w:.-]*)="([^"]*)"/g, (_, name: string, value: string) => {
    if (name in attributes) throw new Error(`attribute ${name} twice`)
    attributes[name] = unescaped(value)
    return ''
  })
  if (rest.trim() !== '') throw new Error(`not attributes: ${rest}`)
  return attributes
}

/** Every root element of the text; a document has one, an index row must have one. */
export const parseXmlRoots = (xml: string): readonly XmlNode[] => {
  const root: OpenNode = { name: '', attributes: {}, children: [], text: '' }
  const stack: OpenNode[] = [root]
  const body = xml.replace(/^<\?xml [^?]*\?>\s*/, '')
  let at = 0
  for (const match of body.matchAll(/<(\/?)([A-Za-z_][\w:.-]*)((?:\s+[\w:.-]+="[^"]*")*)\s*(\/?)>/g)) {
    const top = stack.at(-1)!
    top.text += unescaped(body.slice(at, match.index))
    at = match.index + match[0].length
    const [, isClosing, name = '', attributes = '', isEmpty] = match
    if (isClosing) {
      if (stack.length === 1 || top.name !== name) throw new Error(`</${name}> closes <${top.name}>`)
      stack.pop()
      continue
    }
    const node: OpenNode = { name, attributes: readAttributes(attributes), children: [], text: '' }
    top.children.push(node)
    if (!isEmpty) stack.push(node)
  }
  root.text += unescaped(body.slice(at))
  if (stack.length !== 1) throw new Error(`<${stack.at(-1)!.name}> is never closed`)
  if (root.text.trim() !== '') throw new Error(`text outside of an element: ${root.text.trim()}`)
  return root.children
}

export const parseXml = (xml: string): XmlNode => {
  const roots = parseXmlRoots(xml)
  if (roots.length !== 1) throw new Error(`a document has one root, and this has ${roots.length}`)
  return roots[0]!
}

export const findChild = (node: XmlNode, name: string): XmlNode => {
  const found = node.children.find((child) => child.name === name)
  if (!found) throw new Error(`<${node.name}> has no <${name}>`)
  return found
}

export const findChildren = (node: XmlNode, name: string): readonly XmlNode[] =>
  node.children.filter((child) => child.name === name)
