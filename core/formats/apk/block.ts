// The `apk:` block of a manifest.
export { type ApkBlock, apkBlockSchema } from '../../manifest/blocks.ts'
