// Package specs by dice with a fixed seed: odd but legal, the same in every run; and texts spoilt by the same dice.
import { utf8 } from '@distropack/core/bytes/arrays.ts'
import type { Architecture } from '@distropack/core/model/arch.ts'
import type { PackagedItem, PackageSpec } from '@distropack/core/model/spec.ts'
import { helloSpec, settle, textSource } from './specs.ts'

export interface Dice {
  /** 0 to below `sides`. */
  roll(sides: number): number
  pick<T>(values: readonly T[]): T
}

/** The Lehmer generator MINSTD. */
export const createDice = (seed: number): Dice => {
  let state = (seed % 2147483646) + 1
  const roll = (sides: number): number => {
    state = (state * 48271) % 2147483647
    return state % sides
  }
  return { roll, pick: (values) => values[roll(values.length)]! }
}

/** The text with one to three of the pieces put in or characters taken out, anywhere. */
export const spoil = (text: string, pieces: readonly string[], { roll, pick }: Dice): string => {
  let spoilt = text
  for (let more = 1 + roll(3); more > 0; more--) {
    const at = roll(spoilt.length + 1)
    const piece = roll(3) > 0 ? pick(pieces) : ''
    spoilt = spoilt.slice(0, at) + piece + spoilt.slice(piece === '' ? at + 1 : at)
  }
  return spoilt
}

const WORDS = [
  'alpha',
  'b',
  'Gamma',
  'with space',
  'ünïcode',
  "quote's",
  'plus+',
  'tilde~',
  'x'.repeat(110),
  '日本',
  '-dash',
  '%41',
  '.dot',
]

const times = <T>(count: number, make: (at: number) => T): T[] => Array.from({ length: count }, (_, at) => make(at))

const item = (dice: Dice, at: number): PackagedItem => {
  const path = `/opt/${times(1 + dice.roll(4), () => dice.pick(WORDS)).join('/')}/${at}`
  const owned = {
    path,
    mode: dice.pick([0o644, 0o755, 0o4755, 0o600]),
    owner: dice.pick(['root', 'www-data']),
    group: dice.pick(['root', 'adm']),
    mtimeSeconds: dice.roll(2_000_000_000),
  }
  switch (dice.roll(6)) {
    case 0:
      return { ...owned, kind: 'symlink', mode: 0o777, target: dice.pick(['../x', `/${'long/'.repeat(40)}`, 'ü']) }
    case 1:
      return { ...owned, kind: 'dir' }
    case 2:
      return { ...owned, kind: 'config|noreplace', source: textSource('c'.repeat(dice.roll(600))) }
    case 3:
      return { ...owned, kind: 'ghost' }
    default:
      return {
        ...owned,
        kind: 'file',
        source: textSource(dice.pick(['', 'a', 'z'.repeat(512), 'random text '.repeat(dice.roll(9000))])),
      }
  }
}

export const ARCHITECTURES_USED: readonly Architecture[] = ['amd64', 'arm64', 'all']

/** Legal for every format. */
export const randomSpec = (seed: number): PackageSpec => {
  const dice = createDice(seed)
  const spec = randomWords(seed, dice)
  const { version, prerelease } = spec.version
  const entry = {
    version: `${version}${prerelease ? `-${prerelease}` : ''}`,
    dateSeconds: 1_600_000_000 + dice.roll(1_000_000),
    packager: 'Jane <j@example.com>',
    changes: [dice.pick(['one', 'ünï\nlines', 'fixes CVE-2026-12345 & "more" <things>'])],
  }
  return { ...spec, changelog: dice.roll(2) === 0 ? [] : [entry] }
}

const randomWords = (seed: number, dice: Dice): PackageSpec =>
  helloSpec({
    name: dice.pick(['hello', 'lib-x.1', 'g++x', 'zz', `n${seed}`]),
    architecture: dice.pick(ARCHITECTURES_USED),
    version: {
      version: `${dice.roll(20)}.${dice.roll(20)}.${dice.roll(3)}`,
      ...(dice.roll(3) === 0 && { prerelease: dice.pick(['rc1', 'beta2', 'alpha']) }),
      ...(dice.roll(3) === 0 && { release: String(dice.roll(9)) }),
      ...(dice.roll(4) === 0 && { epoch: dice.roll(3) }),
    },
    description: dice.pick(['One line', 'Two\nlines', 'Ünï\n\n  code\n.dot', '']),
    maintainer: dice.pick(['Jane <j@example.com>', 'Jörg Ö. <j@example.com>', '']),
    homepage: dice.pick(['', 'https://example.com/?a=b&c=d']),
    licence: dice.pick(['MIT', 'GPL-3.0-or-later AND MIT', '']),
    section: dice.pick(['', 'utils', 'net']),
    relations: {
      depends: dice.pick([[], ['foo'], ['foo (>= 1.2)', 'bar']]),
      recommends: [],
      suggests: dice.pick([[], ['nano']]),
      conflicts: dice.pick([[], ['goodbye']]),
      replaces: dice.pick([[], ['hullo']]),
      provides: dice.pick([[], ['greeter']]),
    },
    scripts: dice.roll(2) === 0 ? {} : { postinstall: utf8('#!/bin/sh\nexit 0\n'), preremove: utf8('#!/bin/sh\n') },
    items: settle(times(dice.roll(9), (at) => item(dice, at))),
    block: {},
  })
