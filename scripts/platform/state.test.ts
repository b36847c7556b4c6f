// The state folder: one owner, secrets made once and never replaced.
import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  adviceOn,
  emptyWorkRoom,
  lockState,
  openSecrets,
  readSeed,
  StartError,
  storageOf,
  writeLocalAccess,
  writeSeed,
} from './state.ts'

let directory: string
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'distropack-state-'))
})
afterEach(() => rmSync(directory, { recursive: true }))

it('a work room is empty and its owner’s alone, whatever a killed process left in it', () => {
  const room = emptyWorkRoom(directory, 'packager')
  mkdirSync(join(room, 'half'))
  writeFileSync(join(room, 'half/artifact'), 'x')
  const other = emptyWorkRoom(directory, 'runtime')
  writeFileSync(join(other, 'mine'), 'x')
  expect(emptyWorkRoom(directory, 'packager')).toBe(room)
  expect([readdirSync(room), readdirSync(other), statSync(room).mode & 0o777]).toEqual([[], ['mine'], 0o700])
})

describe('the secrets of a state folder', () => {
  it('are made on the first start, for their owner alone, and stay', () => {
    const first = openSecrets(directory)
    expect(Buffer.from(first.keyEncryptionKey, 'base64')).toHaveLength(32)
    expect(first.operatorToken).toMatch(/^[0-9a-f]{64}$/)
    expect(statSync(join(directory, 'key-encryption-key')).mode & 0o777).toBe(0o600)
    mkdirSync(storageOf(directory))
    expect(openSecrets(directory)).toEqual(first)
  })

  it('are never made anew beside a store that an old key sealed', () => {
    mkdirSync(storageOf(directory))
    expect(() => openSecrets(directory)).toThrow(StartError)
    expect(() => openSecrets(directory)).toThrow(/key-encryption-key is missing.*backup/s)
  })
})

describe('the lock of a state folder', () => {
  it('lets one process in, and the next when it is done', () => {
    const lock = lockState(directory)
    expect(() => lockState(directory)).toThrow(/already running.*DISTROPACK_STATE_DIR/)
    lock.release()
    lockState(directory).release()
  })

  it('is taken over from a process that is gone', async () => {
    const child = spawn('true')
    await new Promise((resolve) => child.once('exit', resolve))
    writeFileSync(join(directory, 'lock'), `${child.pid} 1\n`)
    lockState(directory).release()
  })

  it('is taken over when its process id belongs to another program now', () => {
    writeFileSync(join(directory, 'lock'), `${process.pid} 1\n`)
    lockState(directory).release()
  })
})

describe('a start that fails', () => {
  const failing = (use: () => void): unknown => {
    try {
      use()
    } catch (error) {
      return error
    }
    throw new Error('it did not fail')
  }

  it('says which file this user may not have, and how to go on', () => {
    writeFileSync(join(directory, 'file'), '')
    const error = failing(() => lockState(join(directory, 'file/state')))
    expect(adviceOn(error)).toMatch(/file\/state cannot be opened \(ENOTDIR\)\. .*chown.*DISTROPACK_STATE_DIR/)
  })

  it('says of a bug nothing, so that it is shown whole', () => {
    expect(adviceOn(new TypeError('a bug'))).toBeUndefined()
    expect(adviceOn('thrown text')).toBeUndefined()
    expect(adviceOn(Object.assign(new Error('connect'), { code: 'EACCES' }))).toBeUndefined()
  })
})

describe('what a start leaves for the next', () => {
  it('is the seed, once it is complete', () => {
    expect(readSeed(directory)).toBeUndefined()
    writeSeed(directory, { token: 'dp_1' })
    expect(readSeed(directory)).toEqual({ token: 'dp_1' })
  })

  it('is an address, a token and an account that only the owner can read', () => {
    const access = { url: 'http://127.0.0.1:1', token: 'dp_1', email: 'a@b.c', password: 'p' }
    writeLocalAccess(directory, access)
    const file = join(directory, 'local.json')
    expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual(access)
    expect(statSync(file).mode & 0o777).toBe(0o600)
  })
})
