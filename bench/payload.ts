// One large package: the packager's peak memory while it builds it, and dpkg-deb's for the same files and compression.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ensureProject } from '../scripts/platform/seed.ts'
import { startTestPlatform } from '../test/support/platform.ts'
import { type Measured, peakRssMb, runMeasured } from './measure.ts'

const FILE_MB = 10
const MB = 1024 * 1024

export interface PayloadRow {
  readonly tool: string
  readonly payloadMb: number
  readonly seconds: number
  readonly peakRssMb: number
}

/** Half noise and half zeros in every 64 KiB: compresses to about half, as binaries with resources do. */
const payloadBytes = (seed: number): Buffer => {
  const bytes = Buffer.alloc(FILE_MB * MB)
  let state = seed + 1
  for (let block = 0; block < bytes.length; block += 65_536) {
    for (let at = block; at < block + 32_768; at += 4) {
      // xorshift32 (Marsaglia 2003): the same bytes on every machine.
      state ^= state << 13
      state ^= state >>> 17
      state ^= state << 5
      bytes.writeInt32LE(state | 0, at)
    }
  }
  return bytes
}

const MANIFEST = `name: bench-payload
version: 1.0.0
arch: amd64
maintainer: Bench <bench@example.com>
description: A large payload
contents:
  - src: tree
    dst: /opt/bench
    type: tree
deb:
  compression: gzip
targets: [deb/amd64]
`
const CONTROL = `Package: bench-payload
Version: 1.0.0
Architecture: amd64
Maintainer: Bench <bench@example.com>
Description: A large payload
`

const writePayload = (folder: string, payloadMb: number): void => {
  mkdirSync(join(folder, 'tree'))
  for (let file = 0; file < payloadMb / FILE_MB; file++)
    writeFileSync(join(folder, 'tree', `${file}.bin`), payloadBytes(file))
  writeFileSync(join(folder, 'distropack.yaml'), MANIFEST)
}

const measureReference = async (folder: string): Promise<Measured> => {
  const root = join(folder, 'root')
  mkdirSync(join(root, 'DEBIAN'), { recursive: true })
  mkdirSync(join(root, 'opt'))
  writeFileSync(join(root, 'DEBIAN/control'), CONTROL)
  await runMeasured('cp', ['-r', join(folder, 'tree'), join(root, 'opt/bench')])
  return runMeasured('dpkg-deb', ['--root-owner-group', '-Zgzip', '--build', root, join(folder, 'reference.deb')])
}

/** From the packager's own log: what it took without the way to and from the object store's simulator. */
const buildSeconds = (log: string): number => {
  const tookMs = /"event":"build\.done".*?"tookMs":(\d+)/.exec(log)?.[1]
  if (!tookMs) throw new Error(`the packager reported no build:\n${log}`)
  return Number(tookMs) / 1000
}

export const benchPayload = async (payloadMb: number): Promise<readonly PayloadRow[]> => {
  const folder = mkdtempSync(join(tmpdir(), 'distropack-bench-'))
  const platform = await startTestPlatform()
  try {
    writePayload(folder, payloadMb)
    const token = await platform.organization('bench')
    await ensureProject({ url: platform.url, token }, 'bench', 'payload')
    const args = ['publish', '-f', 'distropack.yaml', '--project', 'bench/payload', '--json']
    const { status, stdout, stderr } = await platform.cli(token, args, folder)
    if (status !== 0) throw new Error(`publish: ${stdout}${stderr}`)
    const ours = { seconds: buildSeconds(platform.log()), peakRssMb: peakRssMb(platform.packagerPid() ?? 0) }
    const reference = await measureReference(folder)
    return [
      { tool: 'packager (whole order: fetch, build, store)', payloadMb, ...ours },
      { tool: 'dpkg-deb -Zgzip', payloadMb, ...reference },
    ]
  } finally {
    await platform.stop()
    rmSync(folder, { recursive: true })
  }
}
