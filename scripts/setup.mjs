// Makes a fresh clone able to run: the locked Node 24 where this machine's Node is older, then the locked
// packages. Runs on Node 20, so it is plain JavaScript and imports nothing that must be installed first.
import { spawnSync } from 'node:child_process'
import {
  accessSync,
  constants,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'

const root = join(import.meta.dirname, '..')
const nodeRoom = join(root, 'scripts/node24')
const bundledNode = join(nodeRoom, 'node_modules/.bin/node')
const linkedNode = join(root, 'node_modules/.bin/node')

/** @napi-rs/lzma asks for 22.20, wrangler for 22: npm on an older Node leaves such optional packages out, silently. */
const NEEDED = [22, 20]

const mtimeMs = (file) => statSync(join(root, file), { throwIfNoEntry: false })?.mtimeMs ?? 0
const isLockNewer = (folder) =>
  mtimeMs(join(folder, 'package-lock.json')) > mtimeMs(join(folder, 'node_modules/.package-lock.json'))
// npm puts node_modules/.bin first on PATH; `npm ci` must not run on the Node it is about to delete.
const plainPath = process.env.PATH.split(delimiter)
  .filter((dir) => !dir.includes('node_modules'))
  .join(delimiter)

const isRecentEnough = (node) => {
  const asked = spawnSync(node, ['-p', 'process.versions.node'], {
    env: { ...process.env, PATH: plainPath },
    encoding: 'utf8',
  })
  const [major, minor] = (asked.stdout ?? '').split('.').map(Number)
  return major > NEEDED[0] || (major === NEEDED[0] && minor >= NEEDED[1])
}

const shell = process.platform === 'win32'

/** Without a cache it can write (no home, a read-only one), npm leaves optional packages out, silently. */
const isCacheWritable = () => {
  const cache = spawnSync('npm', ['config', 'get', 'cache'], { cwd: root, encoding: 'utf8', shell }).stdout?.trim()
  try {
    mkdirSync(cache, { recursive: true })
    accessSync(cache, constants.W_OK)
    return true
  } catch {
    return false
  }
}

const npmCi = (folder, path) => {
  const cache = isCacheWritable() ? undefined : mkdtempSync(join(tmpdir(), 'distropack-npm-'))
  const ci = spawnSync('npm', ['ci', '--ignore-scripts', '--loglevel=error', ...(cache ? ['--cache', cache] : [])], {
    cwd: join(root, folder),
    stdio: 'inherit',
    env: { ...process.env, PATH: path },
    shell,
  })
  if (cache) rmSync(cache, { recursive: true, force: true })
  if (ci.status !== 0) {
    console.error(`setup: npm ci in ${folder} failed; read its message above, then run this again.`)
    process.exit(ci.status ?? 1)
  }
}

const isXzThere = () =>
  existsSync(join(root, 'node_modules/@napi-rs')) &&
  readdirSync(join(root, 'node_modules/@napi-rs')).some((name) => name.startsWith('lzma-'))

let path = plainPath
const needsBundledNode = !isRecentEnough('node')
if (needsBundledNode) {
  if (!existsSync(bundledNode) || isLockNewer('scripts/node24')) npmCi('scripts/node24', plainPath)
  if (!existsSync(bundledNode) || !isRecentEnough(bundledNode)) {
    console.error(
      `setup: Node ${NEEDED.join('.')} or newer is needed, and none is bundled for ${process.platform}-${process.arch}: install Node 24.`,
    )
    process.exit(1)
  }
  path = join(nodeRoom, 'node_modules/.bin') + delimiter + plainPath
}
if (isLockNewer('.') || !isXzThere()) npmCi('.', path)
if (needsBundledNode && !existsSync(linkedNode)) {
  rmSync(linkedNode, { force: true })
  symlinkSync(bundledNode, linkedNode)
}
