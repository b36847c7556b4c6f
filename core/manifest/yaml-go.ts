// The YAML library's tokens, read where go-yaml (nFPM's reader) is milder than the standard: inside quotes and brackets
// it knows no indentation, so a text or a list may go on at column 0. Ours would end it there as an error.
import { Lexer } from 'yaml'

/** The lexer's own steps that look at `indentNext`, which say where a block's lines must begin. */
const IN_FLOW = ['parseQuotedScalar', 'parseFlowCollection'] as const

interface Steps extends Record<(typeof IN_FLOW)[number], () => Generator<string, unknown>> {
  indentNext: number
}

/** Private names of a library whose version is pinned; tests of both kinds of text say when they change. */
export const goLexer = (): Lexer => {
  const lexer = new Lexer()
  const steps = lexer as unknown as Steps
  for (const name of IN_FLOW) {
    const step = steps[name].bind(lexer)
    steps[name] = function* () {
      const { indentNext } = steps
      steps.indentNext = 0
      try {
        return yield* step()
      } finally {
        steps.indentNext = indentNext
      }
    }
  }
  return lexer
}
