// One target of the manifest in the working folder, built by the packager's own host again and again in one process; the
// last is measured. A program of its own, so that the bench's memory and threads are not in the figures.
import { rmSync } from 'node:fs'
import { findSources, openManifest } from '../cli/manifest-file.ts'
import { buildPackage } from '../containers/packager/host/build-package.ts'

const BUILDS = 3
const [target = ''] = process.argv.slice(2)
const path = 'out/warm'
let taken = { seconds: 0, cpuSeconds: 0 }
for (let round = 0; round < BUILDS; round++) {
  rmSync(path, { force: true })
  const before = process.cpuUsage()
  const startedAtMs = performance.now()
  const opened = await openManifest({ file: 'zstd.yaml', target: [target] }, process.env)
  if (!opened.ok) throw new Error(JSON.stringify(opened.error))
  const listed = await findSources(opened.value, {}, () => {})
  if (!listed.ok) throw new Error(JSON.stringify(listed.error))
  const [{ format } = { format: undefined }] = listed.value.targets
  const [spec] = listed.value.specs
  if (!format || !spec) throw new Error(`no target ${target}`)
  const built = await buildPackage({ format, spec, path, log: () => {}, warn: () => {} })
  if (!built.ok) throw new Error(built.error.message)
  const { user, system } = process.cpuUsage(before)
  taken = { seconds: (performance.now() - startedAtMs) / 1000, cpuSeconds: (user + system) / 1e6 }
}
console.log(JSON.stringify(taken))
