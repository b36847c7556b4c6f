// `npm start`: a whole platform on this machine, with a signed repository to install from.
// PORT (8787; 0 picks one), DISTROPACK_STATE_DIR (.distropack), DISTROPACK_PUBLIC_URL (the address readers use).
import './platform/compiled.ts'

const { startHere } = await import('./platform/local-platform.ts')
await startHere()
