// Writes action/dist, which GitHub runs as it is in the repository: `npm run action` after a change of what is in it. A
// test holds it against the sources.
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { bundleFile } from '../cli/bundle.mjs'

const DIST = join(import.meta.dirname, 'dist')

/** Name in action/dist -> text. */
export const bundleAction = async () => {
  const { text, notices } = await bundleFile('action/main.ts')
  return { 'index.mjs': text, 'THIRD-PARTY-NOTICES.txt': notices }
}

if (process.argv[1] === import.meta.filename) {
  mkdirSync(DIST, { recursive: true })
  for (const [name, text] of Object.entries(await bundleAction())) writeFileSync(join(DIST, name), text)
}
