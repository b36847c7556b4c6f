// A packager that warns of every order and refuses it, but for what orders ask for by a word: tests in workerd end where it begins.

/** One line of a packager's answer; see core/contract/packager.ts. */
const REFUSED_ORDER = `${JSON.stringify({
  type: 'failed',
  faults: [{ code: 'internal', message: 'not here' }],
  warnings: [{ code: 'line_ends_converted', message: 'post.sh had CRLF', where: { file: 'nfpm.yaml', line: 3 } }],
})}\n`

/** A finished package whose entry is larger than any index can carry. */
const OUTGROWN = `${JSON.stringify({
  type: 'done',
  artifact: { sha256: '0'.repeat(64), sizeBytes: 1 },
  entry: { sha256: '0'.repeat(64), sizeBytes: 500_000_000 },
})}\n`

/** The connection of a process that is killed: a line of its log, and an end that is none. */
const diesMidway = (): ReadableStream =>
  new ReadableStream({
    start: (controller) => {
      controller.enqueue(new TextEncoder().encode('{"type":"log","atMs":1,"line":"building"}\n'))
      controller.close()
    },
  })

export const packager = async (request: Request): Promise<Response> => {
  const order = await request.text()
  if (order.includes('entry-outgrown')) return new Response(OUTGROWN)
  if (order.includes('out-of-memory')) return new Response(diesMidway())
  const isGone = order.includes('packager-is-gone')
  return isGone ? new Response(null, { status: 503 }) : new Response(REFUSED_ORDER)
}
