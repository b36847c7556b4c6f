// Relations that dpkg and apt both read, in every form that is taken, and the smallest control file to put one into.

export const HEAD = 'Package: hostile\nVersion: 1.0\nArchitecture: amd64\nMaintainer: m <m@example.invalid>\n'
export const TAIL = 'Description: x\n'

export const stanzaOf = (field: string, value: string): string =>
  `${HEAD}${field}:${/^\s/.test(value) ? '' : ' '}${value}\n${TAIL}`

export const GOOD_RELATIONS: readonly (readonly [field: string, value: string])[] = [
  ['Depends', 'foo (>= 1)'],
  ['Depends', 'a | b'],
  ['Depends', 'foo:any'],
  ['Depends', 'foo (= 1:2-3~4+5)'],
  ['Depends', 'foo(>=1),bar|baz(<<2)'],
  ['Depends', 'foo  (  >=  1.0  )  ,  bar'],
  ['Depends', 'foo,\n bar'],
  ['Depends', 'foo (1)'],
  ['Depends', 'foo (> 1), bar (< 2)'],
  ['Depends', 'Foo'],
  ['Depends', 'foo_bar'],
  ['Depends', 'x (= 1:2:3-4)'],
  ['Provides', 'foo (= 1.0), bar'],
  ['Conflicts', 'foo, bar (<= 2)'],
]
