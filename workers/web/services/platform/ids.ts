// Ids and secrets. An id's prefix says what it names; ids sort by time, so lists page by them.

export type IdPrefix =
  | 'org'
  | 'usr'
  | 'ses'
  | 'inv'
  | 'prj'
  | 'key'
  | 'pkg'
  | 'fil'
  | 'tok'
  | 'bld'
  | 'job'
  | 'art'
  | 'upl'
  | 'aud'
  | 'pub'
  | 'hook'
  | 'evt'
  | 'out'
  | 'row'
  | 'req'

const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz' // Crockford's base 32: no letter that reads as a digit

const randomText = (length: number): string =>
  Array.from(crypto.getRandomValues(new Uint8Array(length)), (byte) => ALPHABET[byte & 31]).join('')

/** 9 characters of time (milliseconds, until the year 3000) and 12 of chance (60 bits). */
export const newId = (prefix: IdPrefix, nowMs: number): string => {
  let time = ''
  for (let rest = nowMs, i = 0; i < 9; i++, rest = Math.floor(rest / 32)) time = ALPHABET[rest % 32] + time
  return `${prefix}_${time}${randomText(12)}`
}

/** 200 random bits behind a prefix that secret scanners can look for. */
/** Stands in the mail of an invitation. */
export const newInvitationSecret = (): string => `dpi_${randomText(40)}`
export const newSecret = (): string => `dpk_${randomText(40)}`

const TEXT_LENGTH = 21
const BITS_EACH = 5n

/**
 * The id as a UUID, for tools that take no other: version 8 (RFC 9562, 5.8), whose 122 free bits hold the 105 of an
 * id. It says the same and hides nothing.
 */
export const uuidOf = (id: string): string => {
  let bits = 0n
  for (const letter of id.slice(id.indexOf('_') + 1)) bits = (bits << BITS_EACH) | BigInt(ALPHABET.indexOf(letter))
  const low = bits & ((1n << 62n) - 1n)
  const middle = (bits >> 62n) & 0xfffn
  const high = bits >> 74n
  const hex = ((high << 80n) | (8n << 76n) | (middle << 64n) | (2n << 62n) | low).toString(16).padStart(32, '0')
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-')
}

/** The id that `uuidOf` made this of; undefined of any other UUID. */
export const idOfUuid = (prefix: IdPrefix, uuid: string): string | undefined => {
  if (!/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/i.test(uuid)) return undefined
  const all = BigInt(`0x${uuid.replaceAll('-', '')}`)
  let bits = ((all >> 80n) << 74n) | (((all >> 64n) & 0xfffn) << 62n) | (all & ((1n << 62n) - 1n))
  let text = ''
  for (let i = 0; i < TEXT_LENGTH; i++, bits >>= BITS_EACH) text = ALPHABET[Number(bits & 31n)] + text
  return `${prefix}_${text}`
}
