// Scripts of finished packages: they stay as they are, so one that cannot run is refused, and one that hardly can is
// warned of.
import { StreamFault } from '../bytes/stream-fault.ts'
import { type Warn, warning } from '../warning.ts'
import { readScript } from './script.ts'

const CR = 13
const LF = 10

/** `#!/bin/sh\r`: the kernel looks for a program of that name. */
const hasBrokenFirstLine = (bytes: Uint8Array): boolean => {
  const end = bytes.indexOf(LF)
  return bytes[0] === 0x23 && bytes[1] === 0x21 && end > 0 && bytes[end - 1] === CR
}

/**
 * `isSourced`: read into a shell that runs, as pacman's `.INSTALL`; there a line end of Windows behind `{` is a syntax
 * error. @throws StreamFault for a script that cannot run.
 */
export const checkFinishedScript = (
  name: string,
  bytes: Uint8Array,
  { warn, isSourced = false }: { readonly warn: Warn; readonly isSourced?: boolean },
): void => {
  const script = readScript(bytes)
  if (!script.ok) throw new StreamFault(`The script ${name} ${script.error}.`, 'package_unsupported')
  if (!script.value.isConverted) return
  if (isSourced || hasBrokenFirstLine(bytes)) {
    const message = `The script ${name} has Windows line ends (CRLF), so it cannot run, and the package would not install. Convert it and build again.`
    throw new StreamFault(message, 'package_unsupported')
  }
  const message = `The script ${name} has Windows line ends (CRLF), which shells take for part of its words.`
  warn(warning('script_line_ends', message))
}
