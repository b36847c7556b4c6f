// The packager in Cloudflare Containers; image and size stand in wrangler.toml. It holds calls, not rules.
import { Container } from '@cloudflare/containers'
import type { Env } from '../env.ts'

export class PackagerContainer extends Container<Env> {
  override defaultPort = 8080
  override sleepAfter = '5m'
  override envVars = { PORT: '8080' }
}
