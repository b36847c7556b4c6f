// `distropack init`: a commented manifest to begin with, from what the folder's own files say.
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { basename } from 'node:path'
import { promisify } from 'node:util'
import { ok } from '@distropack/core/result.ts'
import { type Detected, detect, READY_MADE, readyMadeIn } from '../detect.ts'
import { type Outcome, usageTrouble } from '../outcome.ts'

export interface InitFlags {
  readonly file: string
  readonly force?: boolean
  readonly project?: string
}

/** As git knows who works here; every package names somebody who answers for it. */
const gitAuthor = async (): Promise<string | undefined> => {
  const ask = async (key: string): Promise<string> => (await promisify(execFile)('git', ['config', key])).stdout.trim()
  try {
    const [name, email] = [await ask('user.name'), await ask('user.email')]
    return name && email ? `${name} <${email}>` : undefined
  } catch {
    return undefined
  }
}

const quoted = (text: string): string => JSON.stringify(text)

/** A name every format takes. */
const plainName = (text: string): string =>
  text
    .toLowerCase()
    .replaceAll(/[^a-z0-9.+-]+/g, '-')
    .replaceAll(/^[^a-z0-9]+|[^a-z0-9]+$/g, '') || 'tool'

const contentsOf = (found: Detected, name: string): string => {
  const src = found.program ?? name
  const made = found.buildWith ? `  # made by: ${found.buildWith}\n` : '  # the finished program\n'
  const program = `${made}  - src: ${quoted(src)}\n    dst: ${quoted(`/usr/bin/${name}`)}\n    file_info:\n      mode: 0755\n`
  const rest = [
    existsSync('LICENSE') && { src: 'LICENSE', dst: `/usr/share/doc/${name}/LICENSE`, type: 'license' },
    existsSync('README.md') && { src: 'README.md', dst: `/usr/share/doc/${name}/README.md`, type: 'doc' },
  ].filter((each) => each !== false)
  const lines = rest.map(
    ({ src, dst, type }) => `  - src: ${quoted(src)}\n    dst: ${quoted(dst)}\n    type: ${type}\n`,
  )
  return [program, ...lines].join('')
}

const manifestOf = (found: Detected, maintainer: string | undefined, project: string | undefined): string => {
  const name = plainName(found.name ?? basename(process.cwd()))
  const optional = (key: 'homepage' | 'license', hint: string): string =>
    found[key] ? `${key}: ${quoted(found[key])}\n` : `# ${key}: ${hint}\n`
  return `# What distropack makes packages of. Every key: docs/manifest.md; every nfpm.yaml is one, too.
# Try it:  distropack validate   then   distropack build
name: ${name}
# Releases from CI usually say it on the line: --version 1.2.3
version: ${quoted(found.version ?? '0.1.0')}
arch: amd64
maintainer: ${quoted(maintainer ?? found.maintainer ?? 'Your Name <you@example.org>')}
description: ${quoted(found.description ?? `What ${name} does, in one sentence.`)}
${optional('homepage', 'https://example.org')}${optional('license', 'Apache-2.0')}${project === undefined ? '# Where it is published:\n# project: organization/name\n' : `project: ${project}\n`}
# Leave this out for every format there is.
# targets: [deb/amd64, rpm/amd64, apk/amd64, archlinux/amd64, tar.gz/amd64]

contents:
${contentsOf(found, name)}
# What it needs, in each distribution's own names:
# depends: [ca-certificates]
# overrides:
#   rpm:
#     depends: [ca-certificates]

# scripts:
#   postinstall: packaging/postinstall.sh
`
}

export const init = async (flags: InitFlags): Promise<Outcome> => {
  const ready = await readyMadeIn('.')
  const [first] = ready
  if (first !== undefined && !flags.force) {
    return usageTrouble(
      `${first} ${READY_MADE[first]}. Nothing was written; --force writes ${flags.file} all the same.`,
    )
  }
  if (existsSync(flags.file) && !flags.force) {
    return usageTrouble(`${flags.file} is there already; --force writes over it.`)
  }
  const found = await detect('.')
  await writeFile(flags.file, manifestOf(found, await gitAuthor(), flags.project))
  const from = found.from === 'nothing' ? 'It is a beginning' : `It begins with what ${found.from} says`
  return ok({
    document: { file: flags.file, from: found.from },
    lines: [`Wrote ${flags.file}. ${from}; read it, then run \`distropack validate\`.`],
  })
}
