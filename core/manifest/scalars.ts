// Scalars of a manifest, read as go-yaml v3 reads them into nFPM's typed fields: `version: 1.10` is the text
// "1.10", `mode: 0644` is octal. Each scalar also accepts its own output, so parsed values can be parsed again.
import * as z from 'zod'

type Scalar = string | number | boolean

const isScalar = (value: unknown): value is Scalar =>
  typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'

const scalar = <T>(expected: string, jsonTypes: readonly string[], parse: (text: string) => T | undefined) =>
  z
    .unknown()
    .meta({ type: [...jsonTypes] })
    .transform((value, context): T => {
      const parsed = isScalar(value) ? parse(String(value)) : undefined
      if (parsed !== undefined) return parsed
      context.issues.push({ code: 'custom', message: `must be ${expected}`, input: value })
      return z.NEVER
    })

/** Any scalar, in the words it was written with. */
export const text = scalar('text', ['string', 'number', 'boolean'], (value) => value)

/** go-yaml's words for a typed bool: YAML 1.1's among them. */
export const flag = scalar('true or false', ['boolean'], (value) => {
  if (/^(?:true|True|TRUE|y|Y|yes|Yes|YES|on|On|ON)$/.test(value)) return true
  if (/^(?:false|False|FALSE|n|N|no|No|NO|off|Off|OFF)$/.test(value)) return false
  return undefined
})

/** Go's integer literals: a leading `0` or `0o` is octal, `0x` hex, `0b` binary, `_` is ignored. */
export const parseGoInteger = (value: string): number | undefined => {
  const digits = value.replaceAll('_', '')
  const octal = /^([+-]?)0o?([0-7]+)$/.exec(digits)
  if (octal) return Number.parseInt(`${octal[1]}${octal[2]}`, 8)
  if (/^(?:0x[0-9a-fA-F]+|0b[01]+|[+-]?(?:0|[1-9]\d*))$/.test(digits)) {
    const number = Number(digits)
    return Number.isSafeInteger(number) ? number : undefined
  }
  return undefined
}

export const integer = scalar('a whole number', ['integer'], parseGoInteger)

/** Permission bits. Unlike a shell's, `644` is decimal: nFPM asks for `0644` or `0o644`. */
export const permissions = scalar('permissions in octal, as in 0644', ['integer', 'string'], (value) => {
  const bits = parseGoInteger(value)
  return bits !== undefined && bits >= 0 && bits <= 0o7777 ? bits : undefined
})

// go-yaml's timestamps: `2006-1-2`, `2006-1-2 15:4:5.9`, `2006-1-2T15:4:5.9Z` or with an offset.
const TIMESTAMP =
  /^(\d{4})-(\d\d?)-(\d\d?)(?:[Tt ]+(\d\d?):(\d\d?):(\d\d?)(?:\.\d+)?[ ]*(?:[Zz]|([+-])(\d\d?)(?::?(\d\d))?)?)?$/

/** Seconds since 1970 (UTC); a date alone is its midnight. Seconds are also accepted as a bare number. */
export const parseTimestamp = (value: string): number | undefined => {
  const match = TIMESTAMP.exec(value)
  if (!match) return undefined
  const part = (index: number): number => Number(match[index] ?? 0)
  const offsetMinutes = (match[7] === '-' ? -1 : 1) * (part(8) * 60 + part(9))
  const day = new Date(Date.UTC(part(1), part(2) - 1, part(3)))
  const isRealDay = day.getUTCMonth() === part(2) - 1 && day.getUTCDate() === part(3)
  if (!isRealDay || part(4) > 23 || part(5) > 59 || part(6) > 59) return undefined
  return day.getTime() / 1000 + part(4) * 3600 + part(5) * 60 + part(6) - offsetMinutes * 60
}

export const timestamp = scalar('a time, as in 2026-01-31T12:00:00Z', ['string', 'integer'], (value) =>
  /^\d{6,}$/.test(value) ? Number(value) : parseTimestamp(value),
)

export const texts = z.array(text)
