// Addresses in lines that a person pastes into a root shell. A private repository asks for a token: the first line takes
// it into a variable, and the others send it as the password of `token` (RFC 7617), which every client can.

/** The line people change. */
export const TOKEN_LINE = 'TOKEN=PASTE_A_TOKEN_HERE'

/** As a word of the shell. `$TOKEN` is expanded there, so the word is in double quotes. */
export const readerUrl = (url: string, isPrivate: boolean): string =>
  isPrivate ? `"${url.replace('://', '://token:$TOKEN@')}"` : url

/** Writes lines to a file that root alone can read, for they hold a token. */
export const writeSecret = (file: string, command: string): string => `(umask 077 && ${command} > ${file})`
