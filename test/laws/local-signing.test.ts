// `distropack build` with the user's own keys, as nFPM's `signature` blocks name them, against gpgv, rpmkeys, openssl.
import { execFileSync, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { findFormat } from '@distropack/core/registry.ts'
import { localSigner } from '@distropack/packager/host/local-signer.ts'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { ADA, BOB, dearmor, PASSPHRASE } from '../support/gpg-keys.ts'
import { requirePrograms } from '../support/required-programs.ts'
import { openRpmHome, type RpmHome } from '../support/rpm.ts'
import { helloSpec } from '../support/specs.ts'

const PROGRAM = join(import.meta.dirname, '../../cli/bin/distropack.mjs')

let rpm: RpmHome
let room: string

beforeAll(() => {
  requirePrograms('ar', 'dpkg-deb', 'gpg', 'gpgv', 'openssl', 'python3', 'rpm', 'rpmkeys')
  rpm = openRpmHome()
})
afterAll(() => rpm.close())
beforeEach(() => {
  room = mkdtempSync(join(tmpdir(), 'signing-'))
  writeFileSync(join(room, 'tool'), '#!/bin/sh\n')
})
afterEach(() => rmSync(room, { recursive: true, force: true }))

const file = (name: string): string => join(room, name)

const manifest = (more: string): void =>
  writeFileSync(
    file('nfpm.yaml'),
    `name: tool\narch: amd64\nversion: 1.0.0\nmaintainer: Ada <${ADA.address}>\n` +
      `contents: [{src: tool, dst: /usr/bin/tool}]\n${more}`,
  )

const build = (target: string, env: Record<string, string> = {}) => {
  const done = spawnSync(process.execPath, [PROGRAM, 'build', '--json', '--target', target, '--out', 'out'], {
    cwd: room,
    env: { PATH: process.env.PATH, NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE, HOME: room, ...env },
    encoding: 'utf8',
  })
  return { status: done.status, text: `${done.stdout}${done.stderr}`, document: JSON.parse(done.stdout) }
}

const built = (target: string, env: Record<string, string> = {}): string => {
  const { document, text } = build(target, env)
  if (!document.ok) throw new Error(text)
  expect(document.packages[0].signed).toBe(true)
  return file(document.packages[0].path)
}

const member = (archive: string, name: string): Buffer => execFileSync('ar', ['p', archive, name])
const memberNames = (archive: string): readonly string[] =>
  execFileSync('ar', ['t', archive], { encoding: 'utf8' }).trim().split('\n')

const writeSecret = (form: 'armored' | 'binary' = 'armored'): void => {
  writeFileSync(file('key.gpg'), form === 'armored' ? ADA.secret : dearmor(ADA.secret))
  writeFileSync(file('ring.gpg'), dearmor(ADA.public))
}

/** gpgv's word on who signed: the long id; a bad signature throws. */
const signerOf = (signature: Buffer, data?: Buffer): string => {
  writeFileSync(file('signature'), signature)
  const data_ = data ? [file('data')] : []
  if (data) writeFileSync(file('data'), data)
  const args = ['--status-fd', '1', '--keyring', file('ring.gpg'), file('signature'), ...data_]
  const status = execFileSync('gpgv', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
  return /GOODSIG ([0-9A-F]{16})/.exec(status)?.[1] ?? status
}

describe('a .deb signed by its maker', () => {
  it.each(['armored', 'binary'] as const)('verifies as debsigs signs, by the signing subkey of an %s key', (form) => {
    writeSecret(form)
    manifest('deb: {signature: {key_file: key.gpg}}\n')
    const deb = built('deb/amd64', { NFPM_PASSPHRASE: PASSPHRASE })
    const [binary = '', control = '', data = '', signature = '', ...rest] = memberNames(deb)
    expect([signature, rest]).toEqual(['_gpgorigin', []])
    const whole = Buffer.concat([binary, control, data].map((name) => member(deb, name)))
    expect(signerOf(member(deb, signature), whole)).toBe(ADA.subkey)
    expect(() => signerOf(member(deb, signature), Buffer.concat([whole, Buffer.from('x')]))).toThrow()
    expect(execFileSync('dpkg-deb', ['-f', deb, 'Package'], { encoding: 'utf8' })).toBe('tool\n')
  })

  it('is signed in another role and by another key when the manifest says so', () => {
    writeSecret()
    manifest(`deb: {signature: {key_file: "$KEY", key_id: "${ADA.primary.toLowerCase()}", type: maint}}\n`)
    const deb = built('deb/amd64', { NFPM_DEB_PASSPHRASE: PASSPHRASE, NFPM_PASSPHRASE: 'other', KEY: 'key.gpg' })
    const names = memberNames(deb)
    expect(names[3]).toBe('_gpgmaint')
    const whole = Buffer.concat(names.slice(0, 3).map((name) => member(deb, name)))
    expect(signerOf(member(deb, '_gpgmaint'), whole)).toBe(ADA.primary)
  })

  it('carries the list of digests dpkg-sig reads', () => {
    writeSecret()
    manifest(
      'mtime: 2023-11-14T22:13:20Z\ndeb: {signature: {method: dpkg-sig, key_file: key.gpg, signer: "B <b@c>"}}\n',
    )
    const deb = built('deb/amd64', { NFPM_PASSPHRASE: PASSPHRASE })
    const signature = member(deb, '_gpgbuilder')
    expect(signerOf(signature)).toBe(ADA.subkey)
    const digest = (hash: string, name: string) => createHash(hash).update(member(deb, name)).digest('hex')
    const lines = memberNames(deb)
      .slice(0, 3)
      .map((name) => `\t${digest('md5', name)} ${digest('sha1', name)} ${member(deb, name).length} ${name}`)
    const head = ['Version: 4', 'Signer: B <b@c>', 'Date: Tue Nov 14 22:13:20 2023', 'Role: builder', 'Files:']
    expect(signature.toString()).toContain([...head, ...lines].join('\n'))
  })
})

describe('an .rpm signed by its maker', () => {
  it('verifies under strict rpm, and not without the key', () => {
    writeSecret('binary')
    manifest('rpm: {signature: {key_file: key.gpg}}\n')
    const path = built('rpm/amd64', { NFPM_RPM_PASSPHRASE: PASSPHRASE })
    const checked = rpm.checkSignature(path, [ADA.public])
    expect([checked.status, checked.stdout]).toEqual([0, expect.stringMatching(/Signature, key ID [0-9a-f]+: OK/)])
    expect(checked.stdout).toContain(ADA.subkey.toLowerCase().slice(-8))
    expect(rpm.checkSignature(path, []).status).not.toBe(0)
  })
})

describe('an .apk signed by its maker', () => {
  const RSA_KEYS: readonly (readonly [string, readonly string[]])[] = [
    ['PKCS#1', ['genrsa', '-traditional', '-out', 'rsa.pem', '2048']],
    ['PKCS#8', ['genrsa', '-out', 'rsa.pem', '2048']],
    [
      'locked PKCS#1',
      ['genrsa', '-traditional', '-aes256', '-passout', `pass:${PASSPHRASE}`, '-out', 'rsa.pem', '2048'],
    ],
    ['locked PKCS#8', ['genrsa', '-aes256', '-passout', `pass:${PASSPHRASE}`, '-out', 'rsa.pem', '2048']],
  ]

  /** The members of an .apk, each as it stands in the file. */
  const split = (path: string): { readonly signature: Buffer; readonly control: Buffer } => {
    const script =
      'import sys,zlib\nb=open(sys.argv[1],"rb").read()\nn=[]\n' +
      'for i in range(2):\n d=zlib.decompressobj(31)\n d.decompress(b[sum(n):])\n n.append(len(b)-sum(n)-len(d.unused_data))\n' +
      'print(*n)'
    const sizes = execFileSync('python3', ['-c', script, path], { encoding: 'utf8' }).trim().split(' ').map(Number)
    const bytes = readFileSync(path)
    return { signature: bytes.subarray(0, sizes[0]), control: bytes.subarray(sizes[0], sizes[0]! + sizes[1]!) }
  }

  it.each(RSA_KEYS)('verifies by openssl with a %s key, under the name apk looks for', (_, command) => {
    execFileSync('openssl', command, { cwd: room, stdio: 'ignore' })
    const pass = ['-passin', `pass:${PASSPHRASE}`]
    execFileSync('openssl', ['rsa', '-in', 'rsa.pem', ...pass, '-pubout', '-out', 'rsa.pub'], {
      cwd: room,
      stdio: 'ignore',
    })
    manifest('apk: {signature: {key_file: rsa.pem}}\n')
    const { signature, control } = split(built('apk/amd64', { NFPM_APK_PASSPHRASE: PASSPHRASE }))
    writeFileSync(file('signature.tar.gz'), signature)
    writeFileSync(file('control'), control)
    const name = `.SIGN.RSA256.${ADA.address}.rsa.pub`
    const raw = execFileSync('tar', ['-xOzf', 'signature.tar.gz', name], {
      cwd: room,
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    writeFileSync(file('raw'), raw)
    const verify = ['dgst', '-sha256', '-verify', 'rsa.pub', '-signature', 'raw', 'control']
    expect(execFileSync('openssl', verify, { cwd: room, encoding: 'utf8' })).toBe('Verified OK\n')
  })

  it('is signed under the name the manifest gives', () => {
    execFileSync('openssl', ['genrsa', '-out', 'rsa.pem', '2048'], { cwd: room, stdio: 'ignore' })
    manifest('apk: {signature: {key_file: rsa.pem, key_name: origin}}\n')
    writeFileSync(file('signature.tar.gz'), split(built('apk/amd64')).signature)
    const listed = spawnSync('tar', ['-tzf', 'signature.tar.gz'], { cwd: room, encoding: 'utf8' }).stdout
    expect(listed.trim()).toBe('.SIGN.RSA256.origin.rsa.pub')
  })
})

describe('a key that cannot sign', () => {
  let keys: string
  const key = (name: string): string => join(keys, name)
  beforeAll(() => {
    keys = mkdtempSync(join(tmpdir(), 'keys-'))
    const locked = ['-aes256', '-passout', `pass:${PASSPHRASE}`]
    execFileSync('openssl', ['genrsa', ...locked, '-out', key('rsa.pem'), '2048'], { stdio: 'ignore' })
    execFileSync('openssl', ['ecparam', '-name', 'prime256v1', '-genkey', '-noout', '-out', key('ec.pem')])
    writeFileSync(key('key.gpg'), ADA.secret)
    writeFileSync(key('public.gpg'), dearmor(ADA.public))
    writeFileSync(key('two.gpg'), Buffer.concat([dearmor(ADA.secret), dearmor(BOB.secret)]))
    writeFileSync(key('text'), 'no key')
  })
  afterAll(() => rmSync(keys, { recursive: true, force: true }))

  const right = { NFPM_PASSPHRASE: PASSPHRASE }
  const wrong = { NFPM_PASSPHRASE: 'sesame' }

  it.each([
    ['that is not there', 'deb', { key_file: 'gone.gpg' }, {}, 'key_file', /gone\.gpg is not there/],
    ['whose passphrase is not set', 'deb', { key_file: 'key.gpg' }, {}, 'key_file', /set NFPM_DEB_PASSPHRASE or NFPM/],
    ['with another passphrase', 'rpm', { key_file: 'key.gpg' }, wrong, 'key_file', /NFPM_RPM_PASSPHRASE.* not open/],
    [
      'with another id',
      'rpm',
      { key_file: 'key.gpg', key_id: '0123456789ABCDEF' },
      right,
      'key_id',
      /it has [0-9A-F]{16}/,
    ],
    ['with no id', 'rpm', { key_file: 'key.gpg', key_id: 'mine' }, right, 'key_id', /is not 16 hex digits/],
    ['that is public', 'deb', { key_file: 'public.gpg' }, right, 'key_file', /holds no private key/],
    ['that is one of two', 'deb', { key_file: 'two.gpg' }, right, 'key_file', /holds 2 keys; say with `key_id`/],
    ['that is no key', 'deb', { key_file: 'text' }, right, 'key_file', /is not an OpenPGP key/],
    ['of OpenPGP for apk', 'apk', { key_file: 'key.gpg' }, right, 'key_file', /no private key in PEM/],
    ['in PEM with another passphrase', 'apk', { key_file: 'rsa.pem' }, wrong, 'key_file', /NFPM_APK_.* not open/],
    ['in PEM whose passphrase is not set', 'apk', { key_file: 'rsa.pem' }, {}, 'key_file', /set NFPM_APK_PASSPHRASE/],
    ['of another kind', 'apk', { key_file: 'ec.pem' }, right, 'key_file', /of type ec; apk knows RSA alone/],
    [
      'with a slash in its name',
      'apk',
      { key_file: 'rsa.pem', key_name: 'a/b' },
      right,
      'key_name',
      /cannot be the name/,
    ],
    ['without a name', 'apk', { key_file: 'rsa.pem' }, right, 'key_name', /`maintainer` has no address/],
  ] as const)('(%s) is refused in a sentence without its secret', async (_, id, block, env, wrongKey, sentence) => {
    const format = findFormat(id)
    const signature = { ...block, key_file: key(block.key_file) }
    const signer = await localSigner(format!, helloSpec({ maintainer: 'nobody', block: { signature } }), env)
    const message = signer.ok ? '' : signer.error.message
    expect(message).toMatch(sentence)
    expect(message).not.toMatch(/sesame|correct horse/)
    expect(signer).toMatchObject({ error: { where: { key: `${id}.signature.${wrongKey}` } } })
  })

  it.each([
    ['deb: {signature: {key_file: gone.gpg}}', 'source_missing', /^nfpm\.yaml:6:\d+: the key file gone\.gpg/],
    ['deb: {signature: {method: gpg}}', 'field_invalid', /^nfpm\.yaml:6:\d+: .*write debsign or dpkg-sig/],
    ['deb: {signature: {type: builder}}', 'field_invalid', /^nfpm\.yaml:6:\d+: .*origin, maint or archive/],
  ])('%s ends the build before it begins, with the line', (block, code, sentence) => {
    manifest(`${block}\n`)
    const { status, document } = build('deb/amd64')
    expect([status, document.error?.code]).toEqual([2, code])
    expect(document.error.message).toMatch(sentence)
    expect(existsSync(file('out'))).toBe(false)
  })

  it('is not looked for where the manifest names none', () => {
    manifest('deb: {signature: {type: origin}}\n')
    expect(build('deb/amd64', right).document.packages[0].signed).toBe(false)
    expect(readdirSync(file('out'))).toEqual(['tool_1.0.0_amd64.deb'])
  })
})
