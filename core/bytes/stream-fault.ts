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

/**
 * Decompresses a part of a hostile file within its budget. What the codec throws is the file's fault; what the source
 * throws, and a caller who has left, is not.
 */
export async function* decompressPart(tools: InspectTools, codec: Codec, source: ByteSource, name: string): ByteSource {
  let sourceError: { readonly error: unknown } | undefined
  let spentError: unknown
  const spend = (bytes: number): void => {
    try {
      tools.budget.unpack(bytes, name)
    } catch (error) {
      spentError = error
      throw error
    }
  }
  async function* watched(): ByteSource {
    try {
      for await (const chunk of source) {
        // A part that gives nothing still ends with its caller.
        tools.budget.check()
        yield chunk
      }
    } catch (error) {
      sourceError = { error }
      throw error
    }
  }
  try {
    for await (const chunk of tools.decompress(codec, watched())) {
      spend(chunk.length)
      yield chunk
    }
  } catch (error) {
    if (sourceError) throw sourceError.error
    if (error === spentError) throw error
    if (error instanceof StreamFault && error.code !== 'package_corrupt') throw error
    throw new StreamFault(`${name}: the ${codec} data is broken. Build or upload the file again.`)
  }
}
