// A large file in a form, as the first DistroPack's tools and browsers send one: its size is known at its end.
import { API_PREFIX } from '@distropack/core/contract/api.ts'
import { ensureProject } from '../scripts/platform/seed.ts'
import { startSplitPlatform, type WorkerPeaks, watchWorkers } from './split-platform.ts'

const BOUNDARY = '----bench'
const MANIFEST = `name: bench-form
arch: amd64
version: 1.0.0
maintainer: Bench <bench@example.com>
description: A package with one file
contents:
  - { src: slot:file, dst: /opt/bench/file }
`

async function* formOf(payloadMb: number): AsyncGenerator<Uint8Array> {
  yield Buffer.from(`--${BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="file"\r\n\r\n`)
  const megabyte = Buffer.alloc(1024 * 1024, 'x')
  for (let at = 0; at < payloadMb; at++) yield megabyte
  yield Buffer.from(`\r\n--${BOUNDARY}--\r\n`)
}

export const benchForm = async (payloadMb: number): Promise<WorkerPeaks> => {
  const split = await startSplitPlatform()
  const { url } = split.platform
  try {
    const token = await split.platform.organization('bench')
    await ensureProject({ url, token }, 'bench', 'payload')
    const post = async (path: string, type: string, body: unknown): Promise<string> => {
      const headers = { authorization: `Bearer ${token}`, 'content-type': type }
      const response = await fetch(`${url}${path}`, {
        method: 'POST',
        headers,
        body,
        duplex: 'half',
      } as unknown as RequestInit)
      const text = await response.text()
      if (!response.ok) throw new Error(`${path}: ${response.status} ${text}`)
      return text
    }
    const about = JSON.stringify({ package: 'bench-form', manifest: MANIFEST, targets: ['deb/amd64'] })
    const made = await post(`${API_PREFIX}/projects/bench/payload/packages`, 'application/json', about)
    const address = `/api/upload_file?packageId=${JSON.parse(made).uuid}&accessName=file`
    const type = `multipart/form-data; boundary=${BOUNDARY}`
    return await watchWorkers(split, async () => {
      await post(address, type, formOf(payloadMb))
    })
  } finally {
    await split.stop()
  }
}
