// `npm run dev`: `npm start`, and both Workers bundled again whenever a source file changes.
import { watch } from 'node:fs'
import { join } from 'node:path'
import './platform/compiled.ts'
import { ROOT } from './platform/root.ts'

/** Editors write a file several times; one bundle for all of them. */
const SETTLE_MS = 150

const { startHere } = await import('./platform/local-platform.ts')
const platform = await startHere()
if (platform) {
  let timer: NodeJS.Timeout | undefined
  const reload = (): void => {
    const startedAtMs = Date.now()
    platform.reload().then(
      () => console.log(`reloaded in ${Date.now() - startedAtMs} ms`),
      (error: unknown) => console.error(`not reloaded: ${String(error)}`),
    )
  }
  for (const folder of ['core', 'workers', 'migrations']) {
    watch(join(ROOT, folder), { recursive: true }, () => {
      clearTimeout(timer)
      timer = setTimeout(reload, SETTLE_MS)
    })
  }
}
