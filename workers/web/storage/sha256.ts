// SHA-256 of something small, in the runtime's own code. Streams of any size: storage/content.ts.
/** Lower-case hex. */
export const sha256Hex = async (data: string | Uint8Array): Promise<string> => {
  const bytes = typeof data === 'string' ? new TextEncoder().encode(data) : data
  return Buffer.from(await crypto.subtle.digest('SHA-256', bytes as BufferSource)).toString('hex')
}
