// What `--target` takes, from the list of formats.
import { architecturesOf, FORMATS } from '@distropack/core/registry.ts'

export const TARGETS_HELP = `
Targets: ${FORMATS.map((format) => `${format.id}/{${architecturesOf(format).join(',')}}`).join(' ')}
Without --target: the manifest's \`targets\`, else every format for the manifest's \`arch\`.`
