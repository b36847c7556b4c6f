// The `ipk:` block of a manifest; its keys are nFPM's and need no more than their shape.
export { ipkBlockSchema } from '../../manifest/blocks.ts'
