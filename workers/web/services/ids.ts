// Ids and secrets. An id's prefix says what it names; ids sort by time, so lists page by them.

export type IdPrefix =
  | 'org'
  | 'usr'
  | 'ses'
  | 'inv'
  | 'prj'
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
export const newSecret = (): string => `dpk_${randomText(40)}`
