// One large file on its way: sent in parts, read by the packager, kept, signed, published, and fetched by a reader. What
// the packager held at most, what each Worker held, and what dpkg-deb holds for the same file and compression.
import { appendFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { API_PREFIX } from '@distropack/core/contract/api.ts'
import { ensureProject } from '../scripts/platform/seed.ts'
import type { TestPlatform } from '../test/support/platform.ts'
import { benchForm } from './form.ts'
import { type Measured, peakRssMb, runMeasured } from './measure.ts'
import { startSplitPlatform, type WorkerRow, watchWorkers } from './split-platform.ts'

const MB = 1024 * 1024

export interface PayloadOptions {
  readonly sizesMb: readonly number[]
  /** One publish each; several of one publish are joined by `+`. */
  readonly targets: readonly string[]
  /** Of the .deb, ours and dpkg-deb's. */
  readonly compression: string
}

export interface PayloadRow {
  readonly tool: string
  readonly payloadMb: number
  readonly seconds: number
  readonly peakRssMb: number
}

/** Half noise and half zeros in every 64 KiB: compresses to about half, as binaries with resources do. */
const payloadBytes = (seed: number): Buffer => {
  const bytes = Buffer.alloc(MB)
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

const manifestFor = (target: string, compression: string): string => `name: bench-payload
version: 1.0.0
arch: amd64
license: MIT
maintainer: Bench <bench@example.com>
description: A large payload
contents:
  - src: payload.bin
    dst: /opt/bench/payload.bin
deb:
  compression: ${compression}
targets: [${target.replaceAll('+', ', ')}]
`
const CONTROL = `Package: bench-payload
Version: 1.0.0
Architecture: amd64
Maintainer: Bench <bench@example.com>
Description: A large payload
`

const writePayload = (folder: string, payloadMb: number): void => {
  for (let at = 0; at < payloadMb; at++) appendFileSync(join(folder, 'payload.bin'), payloadBytes(at))
}

const measureReference = async (folder: string, compression: string): Promise<Measured> => {
  const root = join(folder, 'root')
  mkdirSync(join(root, 'DEBIAN'), { recursive: true })
  mkdirSync(join(root, 'opt/bench'), { recursive: true })
  writeFileSync(join(root, 'DEBIAN/control'), CONTROL)
  await runMeasured('cp', [join(folder, 'payload.bin'), join(root, 'opt/bench')])
  const args = ['--root-owner-group', `-Z${compression}`, '--build', root, join(folder, 'reference.deb')]
  return runMeasured('dpkg-deb', args)
}

/** From the packager's own log, first order to last artifact: what it took without the store's simulator before and after. */
const buildSeconds = (log: string): number => {
  const timesOf = (event: string): readonly number[] =>
    [...log.matchAll(new RegExp(`"event":"${event}","atMs":(\\d+)`, 'g'))].map(([, atMs]) => Number(atMs))
  const ends = timesOf('build.done')
  if (ends.length === 0) throw new Error(`the packager reported no build:\n${log}`)
  return (Math.max(...ends) - Math.min(...timesOf('build.started'))) / 1000
}

/** As apt and pacman would, by the address the repository gives. */
const download = async (platform: TestPlatform, token: string, payloadMb: number): Promise<void> => {
  const artifacts = `${platform.url}${API_PREFIX}/projects/bench/payload/artifacts`
  const listed = await fetch(artifacts, { headers: { authorization: `Bearer ${token}` } })
  const { items } = (await listed.json()) as { readonly items: readonly { readonly url: string }[] }
  const response = await fetch(items[0]?.url ?? '')
  let sizeBytes = 0
  for await (const chunk of response.body ?? []) sizeBytes += chunk.length
  // Half of the payload is noise, which nothing compresses.
  if (!response.ok || sizeBytes < (payloadMb * MB) / 2) throw new Error(`read ${sizeBytes} bytes, ${response.status}`)
}

interface Case {
  readonly folder: string
  readonly target: string
  readonly payloadMb: number
}

const benchOne = async ({ folder, target, payloadMb }: Case): Promise<{ ours: PayloadRow; worker: WorkerRow }> => {
  const split = await startSplitPlatform()
  const { platform } = split
  try {
    const token = await platform.organization('bench')
    await ensureProject({ url: platform.url, token }, 'bench', 'payload')
    const peaks = await watchWorkers(split, async () => {
      const args = ['publish', '-f', 'distropack.yaml', '--project', 'bench/payload', '--json']
      const { status, stdout, stderr } = await platform.cli(token, args, folder)
      if (status !== 0) throw new Error(`publish: ${stdout}${stderr}`)
      await download(platform, token, payloadMb)
    })
    const seconds = buildSeconds(platform.log())
    const packagerRssMb = peakRssMb(platform.packagerPid() ?? 0)
    return {
      ours: { tool: `packager, ${target}`, payloadMb, seconds, peakRssMb: packagerRssMb },
      worker: { way: target, payloadMb, ...peaks },
    }
  } finally {
    await split.stop()
  }
}

export const benchPayload = async (
  options: PayloadOptions,
): Promise<{ payload: readonly PayloadRow[]; worker: readonly WorkerRow[] }> => {
  const { sizesMb, targets, compression } = options
  const payload: PayloadRow[] = []
  const worker: WorkerRow[] = []
  for (const payloadMb of sizesMb) {
    const folder = mkdtempSync(join(tmpdir(), 'distropack-bench-'))
    try {
      writePayload(folder, payloadMb)
      for (const target of targets) {
        writeFileSync(join(folder, 'distropack.yaml'), manifestFor(target, compression))
        const row = await benchOne({ folder, target, payloadMb })
        payload.push(row.ours)
        worker.push(row.worker)
      }
      worker.push({ way: 'a form', payloadMb, ...(await benchForm(payloadMb)) })
      const { seconds, peakRssMb: peak } = await measureReference(folder, compression)
      payload.push({ tool: `dpkg-deb -Z${compression}`, payloadMb, seconds, peakRssMb: peak })
    } finally {
      rmSync(folder, { recursive: true })
    }
  }
  return { payload, worker }
}
