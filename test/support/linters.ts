// Debian's and rpm's own critics of packages: what they say of a file, and what of it we accept, with the reason.
import { execFile } from 'node:child_process'

interface Tag {
  /** `E` and `W`; what is milder is a matter of taste, and changes from version to version. */
  readonly severity: 'E' | 'W'
  readonly tag: string
  readonly line: string
}

/** Warnings that are no fault of ours, nor of a package like examples/hello. There are no accepted errors. */
export const ACCEPTED_WARNINGS: Readonly<Record<string, string>> = {
  // rpmlint
  'only-non-binary-in-usr-lib': 'systemd looks for its units in /usr/lib, whatever else is there',
  'no-manual-page-for-binary':
    'there is one: rpmlint 2.4 collects the sections of manual pages where it means their names',
  'manpage-not-compressed': 'rpmlint’s default is bz2; Fedora and openSUSE compress manual pages with gzip',
  'invalid-license': 'Debian’s rpmlint comes without a list of licences, so it knows none',
  'incoherent-version-in-changelog': 'a changelog of chglog’s has versions and no releases, in nFPM’s packages too',
}

/** `E: hello: no-copyright-file [place]`, and rpmlint's `hello.noarch: W: invalid-license MIT`. */
const parse = (output: string): readonly Tag[] =>
  output.split('\n').flatMap((line) => {
    const [, severity, tag] =
      /^(?:([EW]): [^:]+|[^:\s]+:(?: \d+:)? ([EW])): ([a-z0-9-]+)/.exec(line)?.filter(Boolean) ?? []
    return severity && tag ? [{ severity: severity as Tag['severity'], tag, line }] : []
  })

interface Linted {
  readonly stdout: string
  /** Without what every run says as root. */
  readonly stderr: string
}

/** They take seconds. A process that waited for them would not see servers close the connections its `fetch` keeps. */
const run = (command: string, args: readonly string[], home: string): Promise<Linted> =>
  new Promise((resolve, reject) => {
    const env = { ...process.env, LC_ALL: 'C.UTF-8', HOME: home }
    execFile(command, args, { env }, (error, stdout, stderr) => {
      // A status is a number; a program that is not there has a word.
      if (typeof error?.code === 'string') return reject(error)
      resolve({ stdout, stderr: stderr.replace(/^running with root privileges.*\n/m, '') })
    })
  })

// A linter that could not read its file finds nothing wrong with it, so both must show that they did.

/** `home`: a folder of the test's own, where no settings are. */
export const lintian = async (file: string, home: string): Promise<readonly Tag[]> => {
  const { stdout, stderr } = await run('lintian', ['--color', 'never', '--fail-on', 'none', file], home)
  if (stderr !== '') throw new Error(`lintian: ${stderr}`)
  return parse(stdout)
}

/** `home`: of a user whose rpm database has the key. */
export const rpmlint = async (file: string, home: string): Promise<readonly Tag[]> => {
  const { stdout, stderr } = await run('rpmlint', [file], home)
  if (!/^ ?1 packages and 0 specfiles checked/m.test(stdout)) throw new Error(`rpmlint: ${stdout}${stderr}`)
  return parse(stdout)
}

/** Lines of all that is not accepted. */
export const complaints = (tags: readonly Tag[]): readonly string[] =>
  tags.filter(({ severity, tag }) => severity === 'E' || !Object.hasOwn(ACCEPTED_WARNINGS, tag)).map(({ line }) => line)
