// What stands at a repository's base for people and scripts: the install lines and the public keys.
import type { Instruction, PublicKeys } from '@distropack/core/format.ts'
import { html } from 'hono/html'

export interface LandingFacts {
  readonly organization: string
  readonly project: string
  readonly baseUrl: string
  readonly generation: number
  readonly instructions: readonly (Instruction & { readonly format: string })[]
  readonly keys: PublicKeys
}

const STYLE =
  'body{font:17px/1.55 system-ui,sans-serif;max-width:46rem;margin:3rem auto;padding:0 1rem;color:#1b1f24}' +
  'pre{background:#f3f5f7;padding:1rem;border-radius:8px;white-space:pre-wrap;overflow-wrap:anywhere;font:14px/1.5 ui-monospace,monospace}' +
  'footer{margin-top:3rem;color:#59636e;font-size:15px}code{overflow-wrap:anywhere}' +
  '@media(prefers-color-scheme:dark){body{background:#14171a;color:#e3e7eb}pre{background:#1f2429}a{color:#6db3ff}footer{color:#9aa4af}}'

const section = ({ title, commands, note }: Instruction) => html`<h2>${title}</h2>
<pre>${commands.join('\n')}</pre>
${note ? html`<details><summary>Notes</summary><pre>${note}</pre></details>` : ''}`

/** HTML for people. Every word that came from a manifest is escaped by the template. */
export const renderLandingPage = async (facts: LandingFacts): Promise<Uint8Array> => {
  const { organization, project, instructions, keys, generation } = facts
  const page = html`<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${organization}/${project}</title>
<style>${STYLE}</style></head>
<body>
<h1>Install from ${organization}/${project}</h1>
${instructions.length > 0 ? instructions.map(section) : html`<p>Nothing is published here yet.</p>`}
<footer>
<p>Everything here is signed. <a href="key.asc">OpenPGP</a>: ${keys.openpgp.map(({ name }) => html`<code>${name}</code> `)}
– apk: ${keys.rsa.map(({ name }) => html`<a href="keys/${name}"><code>${name}</code></a> `)}</p>
<p>Generation ${generation}; it stays at <code>${facts.baseUrl}/@${generation}/</code>.</p>
</footer>
</body></html>
`
  return new TextEncoder().encode(String(await page))
}

const namesOf = (keys: readonly { readonly name: string }[]): readonly string[] => keys.map(({ name }) => name)

/** The same for `Accept: application/json`; the key that signs packages now is the first. */
export const renderLandingJson = ({ keys, ...facts }: LandingFacts): Uint8Array =>
  new TextEncoder().encode(
    `${JSON.stringify({ ...facts, keys: { openpgp: namesOf(keys.openpgp), apk: namesOf(keys.rsa) } }, null, 2)}\n`,
  )
