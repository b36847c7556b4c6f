// A throw-away Debian: an overlay over one of the prepared roots, in a mount namespace of its own. Whatever a test
// does in it vanishes with the process that holds the namespace, however that ends.
import { type ChildProcess, spawn } from 'node:child_process'
import { chmodSync, existsSync, mkdtempSync, readdirSync, readlinkSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { rootOf, type Suite } from '../../scripts/testing/roots.ts'

export interface Ran {
  readonly status: number | null
  /** Both streams in the order they came. */
  readonly output: string
}

export interface ClientRoot {
  /** Runs a program inside, as root, with a plain environment. */
  run(command: string, ...args: readonly string[]): Promise<Ran>
  /** Runs a line of shell inside. */
  shell(line: string): Promise<Ran>
  write(path: string, text: string | Uint8Array): Promise<void>
  read(path: string): Promise<string | undefined>
  close(): Promise<void>
}

/** Longer than any apt run over loopback; a client that hangs is a failure with its output. */
const COMMAND_TIMEOUT_MS = 120_000

// The upper folder is a tmpfs: overlayfs refuses an upper folder that is itself an overlay, as in most containers.
const HOLD = `set -e
mount -t tmpfs -o mode=755 tmpfs "$2"
mkdir -p "$2/upper" "$2/work" "$2/root"
mount -t overlay overlay -o "lowerdir=$1,upperdir=$2/upper,workdir=$2/work" "$2/root"
mount -t proc proc "$2/root/proc"
mount --rbind /dev "$2/root/dev"
cp -L /etc/hosts /etc/resolv.conf "$2/root/etc/" 2>/dev/null || true
echo ready
exec cat`

const collect = (child: ChildProcess, input?: string | Uint8Array): Promise<Ran> =>
  new Promise((resolve, reject) => {
    let output = ''
    const take = (text: string): void => {
      output += text
    }
    child.stdout?.setEncoding('utf8').on('data', take)
    child.stderr?.setEncoding('utf8').on('data', take)
    child.stdin?.end(input)
    child.once('error', reject)
    child.once('close', (status) => resolve({ status, output }))
  })

const waitForReady = (holder: ChildProcess): Promise<void> =>
  new Promise((resolve, reject) => {
    let said = ''
    for (const stream of [holder.stdout, holder.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        said += text
        if (said.includes('ready')) resolve()
      })
    }
    holder.once('error', reject)
    holder.once('close', (status) => reject(new Error(`the client root was not mounted (status ${status}): ${said}`)))
  })

const namespaceOf = (pid: string | number | undefined): string | undefined => {
  try {
    return readlinkSync(`/proc/${pid}/ns/mnt`)
  } catch {
    return undefined // It ended meanwhile.
  }
}

/** Daemons that programs left behind in the root (gpg-agent): each holds the mounts, and an inotify instance of few. */
const endDaemons = (holder: ChildProcess): void => {
  const namespace = namespaceOf(holder.pid)
  if (namespace === undefined || namespace === namespaceOf('self')) return
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name) && name !== String(holder.pid))
  for (const pid of pids) {
    if (namespaceOf(pid) === namespace) process.kill(Number(pid), 'SIGKILL')
  }
}

export const openClientRoot = async (suite: Suite): Promise<ClientRoot> => {
  const lower = rootOf(suite)
  if (!existsSync(join(lower, '.ready'))) {
    throw new Error(`there is no client root at ${lower}; as root, with mmdebstrap installed, "npm test" makes it`)
  }
  const folder = mkdtempSync(join(tmpdir(), `distropack-${suite}-`))
  // apt drops to the user _apt, who must be able to enter.
  chmodSync(folder, 0o755)
  const arguments_ = ['--mount', '--propagation', 'private', '/bin/sh', '-c', HOLD, 'hold', lower, folder]
  const holder = spawn('unshare', arguments_, { stdio: ['pipe', 'pipe', 'pipe'] })
  await waitForReady(holder)
  const run = (command: string, args: readonly string[], input?: string | Uint8Array): Promise<Ran> => {
    const enter = [`--mount=/proc/${holder.pid}/ns/mnt`, 'chroot', join(folder, 'root'), command, ...args]
    const env = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', HOME: '/root', LC_ALL: 'C', DEBIAN_FRONTEND: 'noninteractive' }
    return collect(spawn('nsenter', enter, { env, timeout: COMMAND_TIMEOUT_MS }), input)
  }
  return {
    run: (command, ...args) => run(command, args),
    shell: (line) => run('/bin/sh', ['-c', line]),
    async write(path, text) {
      const { status, output } = await run('/bin/sh', ['-c', `mkdir -p "${dirname(path)}" && cat > "${path}"`], text)
      if (status !== 0) throw new Error(`could not write ${path}: ${output}`)
    },
    async read(path) {
      const { status, output } = await run('cat', [path])
      return status === 0 ? output : undefined
    },
    async close() {
      endDaemons(holder)
      const closed = new Promise((resolve) => holder.once('close', resolve))
      holder.stdin?.end()
      await closed
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
