// The `archlinux:` block of a manifest.
export { type ArchlinuxBlock, archlinuxBlockSchema } from '../../manifest/blocks.ts'
