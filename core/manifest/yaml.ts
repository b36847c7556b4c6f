// YAML text to plain values with a position for every key. Scalars stay the text they were written as, so that
// fields decide their type and not YAML. Aliases and merge keys are followed within a budget: input is hostile.
import {
  Composer,
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  Parser,
  type Scalar,
  type YAMLParseError,
} from 'yaml'
import { type Fault, fault, listFaults, type Where } from '../fault.ts'
import { err, ok, type Result } from '../result.ts'
import { goLexer } from './yaml-go.ts'

export type YamlValue = undefined | string | readonly YamlValue[] | { readonly [key: string]: YamlValue }
export type KeyPath = readonly PropertyKey[]

export interface YamlLimits {
  readonly maxCharacters: number
  /** Counted after aliases are followed. */
  readonly maxNodes: number
}

export const MANIFEST_LIMITS: YamlLimits = { maxCharacters: 1024 * 1024, maxNodes: 100_000 }
const MAX_DEPTH = 50
/** A value in a list of maps takes five: its indentation, its key, a colon, a space, itself, a line's end. */
const TOKENS_A_NODE = 5

export interface YamlFile {
  readonly value: YamlValue
  /** The key itself, or the nearest one above it that was written. */
  where(path: KeyPath): Where
}

class Refusal extends Error {
  readonly offset: number
  constructor(message: string, offset: number) {
    super(message)
    this.offset = offset
  }
}

const NULL_WORDS = new Set(['', '~', 'null', 'Null', 'NULL'])
const isNull = (node: Scalar): boolean => node.type === 'PLAIN' && NULL_WORDS.has(String(node.value)) && !node.tag

const isList = (value: YamlValue): value is readonly YamlValue[] => Array.isArray(value)

/** `<<`: keys of the merged maps, where the map has none of its own. */
const mergeInto = (values: Record<string, YamlValue>, merged: readonly YamlValue[], offset: number): void => {
  for (const source of merged.flatMap((item): readonly YamlValue[] => (isList(item) ? item : [item]))) {
    if (typeof source !== 'object' || isList(source)) {
      throw new Refusal('merges (<<) something that is not a map', offset)
    }
    for (const [name, value] of Object.entries(source)) if (!(name in values)) values[name] = value
  }
}

interface DoubledKey {
  readonly message: string
  readonly offset: number
}

class Reader {
  /** The library's own check compares every key with every other. */
  readonly doubled: DoubledKey[] = []
  readonly offsets = new Map<string, number>()
  private readonly anchors = new Map<string, Node>()
  private readonly maxNodes: number
  private nodeCount = 0

  constructor(maxNodes: number) {
    this.maxNodes = maxNodes
  }

  read(node: Node | null | undefined, path: KeyPath): YamlValue {
    if (!node) return undefined
    const offset = node.range?.[0] ?? 0
    this.nodeCount += 1
    if (this.nodeCount > this.maxNodes) throw new Refusal('has too many values once its aliases are followed', offset)
    if (path.length > MAX_DEPTH) throw new Refusal('is nested too deeply, or an alias contains itself', offset)
    if (!this.offsets.has(path.join('.'))) this.offsets.set(path.join('.'), offset)
    if (isAlias(node)) return this.read(this.anchored(node.source, offset), path)
    if (node.anchor !== undefined) this.anchors.set(node.anchor, node)
    if (isScalar(node)) return isNull(node) ? undefined : String(node.value)
    // A list's empty item is the empty text, as it is in Go.
    if (isSeq(node)) return node.items.map((item, index) => this.read(item as Node, [...path, index]) ?? '')
    if (isMap(node)) return this.readMap(node, path)
    throw new Refusal('holds something that is neither text, list nor map', offset)
  }

  private anchored(name: string, offset: number): Node {
    const node = this.anchors.get(name)
    if (!node) throw new Refusal(`uses *${name}, but no &${name} stands before it`, offset)
    return node
  }

  private readMap(node: Node & { items: readonly { key: unknown; value: unknown }[] }, path: KeyPath): YamlValue {
    const values = Object.create(null) as Record<string, YamlValue>
    const merged: YamlValue[] = []
    const seen = new Set<string>()
    for (const { key, value } of node.items) {
      if (!isScalar(key)) throw new Refusal('has a key that is not text', node.range?.[0] ?? 0)
      const name = String(key.value)
      if (seen.has(name)) {
        const shown = JSON.stringify(name.slice(0, 80))
        this.doubled.push({ message: `the key ${shown} is there twice in one map`, offset: key.range?.[0] ?? 0 })
      }
      seen.add(name)
      if (name === '<<' && key.type === 'PLAIN') {
        merged.push(this.read(value as Node, path))
        continue
      }
      this.offsets.set([...path, name].join('.'), key.range?.[0] ?? 0)
      values[name] = this.read(value as Node, [...path, name])
    }
    mergeInto(values, merged, node.range?.[0] ?? 0)
    return values
  }
}

const locate = (offsets: ReadonlyMap<string, number>, lines: LineCounter, file: string, path: KeyPath): Where => {
  const key = path.join('.')
  for (let length = path.length; length >= 0; length--) {
    const offset = offsets.get(path.slice(0, length).join('.'))
    if (offset === undefined) continue
    const { line, col } = lines.linePos(offset)
    return { file, line, column: col, ...(key ? { key } : {}) }
  }
  return { file, ...(key ? { key } : {}) }
}

/** More errors than this are echoes of the first ones. */
const MAX_SYNTAX_FAULTS = 20

type Refuse = (message: string, offset: number) => Fault

const syntaxFaults = (errors: readonly YAMLParseError[], refuse: Refuse): readonly Fault[] => {
  // The parser recurses and reports the end of its own stack as an error of the text.
  const overflow = errors.find(({ message }) => message.includes('call stack'))
  if (overflow) return [refuse('is nested too deeply', overflow.pos[0])]
  return listFaults(
    errors.map((error) => refuse(error.message, error.pos[0])),
    MAX_SYNTAX_FAULTS,
  )
}

/** The first document; those behind it are not even read. */
const composeFirst = (text: string, lines: LineCounter, maxTokens: number): Document.Parsed | undefined => {
  const parser = new Parser(lines.addNewLine)
  lines.addNewLine(0)
  function* tokens() {
    let count = 0
    for (const lexeme of goLexer().lex(text)) {
      count += 1
      if (count > maxTokens) throw new Refusal('has too many values', parser.offset)
      yield* parser.next(lexeme)
    }
    yield* parser.end()
  }
  const composer = new Composer({ schema: 'failsafe', uniqueKeys: false, prettyErrors: false, logLevel: 'silent' })
  for (const document of composer.compose(tokens())) return document as Document.Parsed
  return undefined
}

/** The first document of a file. Every syntax error is reported, not only the first. */
export const readYaml = (text: string, file: string, limits: YamlLimits): Result<YamlFile, readonly Fault[]> => {
  if (text.length > limits.maxCharacters) {
    const message = `${file} has ${text.length} characters; ${limits.maxCharacters} are allowed.`
    return err([fault('manifest_syntax', message, { file })])
  }
  const lines = new LineCounter()
  const refuse: Refuse = (message, offset) => {
    const { line, col } = lines.linePos(offset)
    return fault('manifest_syntax', `${file}:${line}:${col}: ${message}`, { file, line, column: col })
  }
  const reader = new Reader(limits.maxNodes)
  try {
    const document = composeFirst(text, lines, limits.maxNodes * TOKENS_A_NODE)
    if (!document) return err([fault('manifest_syntax', `${file} is empty.`, { file, line: 1, column: 1 })])
    if (document.errors.length > 0) return err(syntaxFaults(document.errors, refuse))
    const value = reader.read(document.contents as Node | null, [])
    if (reader.doubled.length > 0) {
      const faults = reader.doubled.map(({ message, offset }) => refuse(message, offset))
      return err(listFaults(faults, MAX_SYNTAX_FAULTS))
    }
    return ok({ value, where: (path) => locate(reader.offsets, lines, file, path) })
  } catch (error) {
    if (error instanceof Refusal) return err([refuse(error.message, error.offset)])
    if (error instanceof RangeError) return err([fault('manifest_syntax', `${file} is nested too deeply.`, { file })])
    throw error
  }
}
