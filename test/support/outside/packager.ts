// A packager that warns of every order and refuses it, but for one that says that nobody is there: tests in workerd end where it begins.

/** One line of a packager's answer; see core/contract/packager.ts. */
const REFUSED_ORDER = `${JSON.stringify({
  type: 'failed',
  faults: [{ code: 'internal', message: 'not here' }],
  warnings: [{ code: 'line_ends_converted', message: 'post.sh had CRLF', where: { file: 'nfpm.yaml', line: 3 } }],
})}\n`

export const packager = async (request: Request): Promise<Response> => {
  const isGone = (await request.text()).includes('packager-is-gone')
  return isGone ? new Response(null, { status: 503 }) : new Response(REFUSED_ORDER)
}
