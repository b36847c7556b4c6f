// The `archive:` block of a manifest.
export { type ArchiveBlock, archiveBlockSchema } from '../../manifest/blocks.ts'
