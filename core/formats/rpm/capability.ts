// The words of a relation as rpm's parser takes them (build/parseReqs.cc, lib/rpmds.cc): what may be called, what compared.

/** Without blanks and commas, which part relations. A sign that compares stands in parentheses: `font(:lang=de)`. */
const IN_PARENTHESES = `\\([!-'*+\\--~]*\\)`
const NAME = `[A-Za-z0-9_/](?:${IN_PARENTHESES}|(?!${IN_PARENTHESES})\\(|[!-')*+\\--;?-~])*`

/** A capability's name: `libc.so.6(GLIBC_2.4)(64bit)`, `/usr/bin/perl`, `perl(Foo::Bar)`. */
const WHOLE_NAME = new RegExp(`^${NAME}$`)
export const isCapability = (word: string): boolean => WHOLE_NAME.test(word)

/** `name`, or name, sign and the rest. */
const SPLIT = new RegExp(`^(${NAME}) *(?:(<<|>>|<=|>=|=<|=>|==|=|<|>) *([^ <>=()]+))?$`)
export const splitRelation = (text: string): RegExpExecArray | null => SPLIT.exec(text)

/** `[epoch:]version[-release]`, each part of rpm's characters (ALLOWED_CHARS_EVR). */
const VERSION = /^(?:\d{1,10}:)?[A-Za-z0-9._+~^]{1,128}(?:-[A-Za-z0-9._+~^]{1,128})?$/

/** A file has no version. */
export const isComparable = (name: string, version: string): boolean =>
  !name.startsWith('/') && VERSION.test(version) && !version.includes('..')
