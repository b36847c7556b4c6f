// rpm's own programs for tests: queries, signatures, reference packages by rpmbuild. Each test file has a home of its
// own, so nobody's rpm database or macros are touched.
import { execFileSync, type SpawnSyncReturns, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export interface RpmHome {
  readonly folder: string
  /** Standard output; another status than 0 throws. */
  run(command: string, ...args: readonly string[]): string
  spawn(command: string, ...args: readonly string[]): SpawnSyncReturns<string>
  write(name: string, bytes: Uint8Array | string): string
  /** `rpm -q --qf` of a file. */
  query(file: string, format: string): string
  /** Checks a file as rpm 6 and strict systems do: digests and signatures of header and payload. */
  checkSignature(file: string, keys: readonly string[]): SpawnSyncReturns<string>
  /** The package rpmbuild makes of a spec file. */
  rpmbuild(spec: string, ...options: readonly string[]): Uint8Array
  close(): void
}

export const openRpmHome = (): RpmHome => {
  const folder = mkdtempSync(join(tmpdir(), 'rpm-'))
  const options = { encoding: 'utf8', maxBuffer: 1 << 26, cwd: folder } as const
  const env = { ...process.env, HOME: folder, LC_ALL: 'C.UTF-8', TZ: 'UTC', SOURCE_DATE_EPOCH: '1700000000' }
  const run = (command: string, ...args: readonly string[]): string =>
    execFileSync(command, args, { ...options, env, stdio: ['ignore', 'pipe', 'pipe'] })
  const spawn = (command: string, ...args: readonly string[]) => spawnSync(command, args, { ...options, env })
  const write = (name: string, bytes: Uint8Array | string): string => {
    const file = join(folder, name)
    writeFileSync(file, bytes)
    return file
  }
  return {
    folder,
    run,
    spawn,
    write,
    query: (file, format) => run('rpm', '-qp', '--nosignature', '--qf', format, file),
    checkSignature(file, keys) {
      const database = mkdtempSync(join(folder, 'keys-'))
      for (const [at, key] of keys.entries()) run('rpmkeys', '--dbpath', database, '--import', write(`key-${at}`, key))
      return spawn('rpmkeys', '--dbpath', database, '--define', '_pkgverify_level all', '-Kv', file)
    },
    rpmbuild(spec, ...more) {
      const top = mkdtempSync(join(folder, 'build-'))
      const file = join(top, 'x.spec')
      writeFileSync(file, spec)
      const defines = [
        '--define',
        `_topdir ${top}`,
        '--define',
        '_build_id_links none',
        '--define',
        'debug_package %nil',
      ]
      run('rpmbuild', '-bb', '--target', 'x86_64', ...defines, ...more, file)
      const [architecture = ''] = readdirSync(join(top, 'RPMS'))
      const [name = ''] = readdirSync(join(top, 'RPMS', architecture))
      return new Uint8Array(readFileSync(join(top, 'RPMS', architecture, name)))
    },
    close: () => {
      mkdirSync(folder, { recursive: true })
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
