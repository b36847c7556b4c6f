// pax extended header records: `LENGTH KEY=VALUE\n`, where LENGTH counts itself (pax(1), "pax Header Block").

import { fromUtf8, utf8 } from './arrays.ts'
import { StreamFault } from './stream-fault.ts'

export const paxRecord = (key: string, value: string): Uint8Array => {
  const rest = utf8(` ${key}=${value}\n`).length
  let length = rest + 1
  while (String(length).length + rest !== length) length = String(length).length + rest
  return utf8(`${length} ${key}=${value}\n`)
}

const brokenRecord = () => new StreamFault('A pax header has a broken record. Build or upload the file again.')

export const parsePax = (body: Uint8Array): ReadonlyMap<string, string> => {
  const records = new Map<string, string>()
  let at = 0
  // Some writers pad the body with zeros inside its stated size.
  while (at < body.length && body[at] !== 0) {
    const space = body.indexOf(0x20, at)
    const digits = space === -1 ? '' : fromUtf8(body.subarray(at, space))
    if (!/^[1-9]\d{0,9}$/.test(digits)) throw brokenRecord()
    const end = at + Number(digits)
    const equals = body.indexOf(0x3d, space)
    if (end > body.length || equals === -1 || equals >= end || body[end - 1] !== 0x0a) throw brokenRecord()
    records.set(fromUtf8(body.subarray(space + 1, equals)), fromUtf8(body.subarray(equals + 1, end - 1)))
    at = end
  }
  return records
}
