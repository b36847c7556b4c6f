// How a stream says that what it reads is broken: generators cannot return a Result in mid-stream, so they throw
// StreamFault, and a format's `build` and `inspect` turn exactly that into a Fault. Every other error is a bug.
import { type Fault, type FaultCode, fault } from '../fault.ts'
import type { ByteSource } from '../model/spec.ts'
import { err, type Result } from '../result.ts'
import type { Codec, InspectTools } from '../tools.ts'

export class StreamFault extends Error {
  readonly code: FaultCode

  constructor(message: string, code: FaultCode = 'package_corrupt') {
    super(message)
    this.code = code
  }
}

export const catchStreamFaults = async <T>(read: () => Promise<Result<T, Fault>>): Promise<Result<T, Fault>> => {
  try {
    return await read()
  } catch (error) {
    if (error instanceof StreamFault) return err(fault(error.code, error.message))
    throw error
  }
}

/** Decompresses a part of a hostile file. What the codec throws is the file's fault, what the source throws is not. */
export async function* decompressPart(tools: InspectTools, codec: Codec, source: ByteSource, name: string): ByteSource {
  let sourceError: { readonly error: unknown } | undefined
  async function* watched(): ByteSource {
    try {
      yield* source
    } catch (error) {
      sourceError = { error }
      throw error
    }
  }
  try {
    yield* tools.decompress(codec, watched())
  } catch {
    if (sourceError) throw sourceError.error
    throw new StreamFault(`${name}: the ${codec} data is broken. Build or upload the file again.`)
  }
}
