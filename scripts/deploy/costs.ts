// What a deployment costs a month, from Cloudflare's prices and what a reader's request is known to take.

/** Workers Paid, with what it includes (developers.cloudflare.com/workers/platform/pricing). */
const BASE_DOLLARS = 5
const INCLUDED_REQUESTS = 10e6
const DOLLARS_PER_MILLION_REQUESTS = 0.3
/** R2 class B, reads (developers.cloudflare.com/r2/pricing); 10 million are free. */
const INCLUDED_READS = 10e6
const DOLLARS_PER_MILLION_READS = 0.36
const DOLLARS_PER_GB = 0.015
const INCLUDED_GB = 10
/** An unchanged `apt update` is one conditional request, and two reads of the store (test/workers/fileserver-reads). */
const READS_PER_REQUEST = 2

interface Size {
  readonly what: string
  readonly requests: number
  readonly gigabytes: number
}

const SIZES: readonly Size[] = [
  { what: 'one project, 1,000 machines that ask twice a day', requests: 60e3, gigabytes: 1 },
  { what: 'a hundred projects, 50,000 machines', requests: 3e6, gigabytes: 50 },
  { what: 'a thousand projects, a million machines', requests: 60e6, gigabytes: 1000 },
]

const over = (value: number, included: number): number => Math.max(0, value - included)

export const monthlyDollars = ({ requests, gigabytes }: Omit<Size, 'what'>): number =>
  BASE_DOLLARS +
  (over(requests, INCLUDED_REQUESTS) / 1e6) * DOLLARS_PER_MILLION_REQUESTS +
  (over(requests * READS_PER_REQUEST, INCLUDED_READS) / 1e6) * DOLLARS_PER_MILLION_READS +
  over(gigabytes, INCLUDED_GB) * DOLLARS_PER_GB

export const costLines = (): readonly string[] => [
  'About what it costs a month, without builds in containers:',
  ...SIZES.map((size) => `  ${size.what}: $${monthlyDollars(size).toFixed(0)}`),
]
