// The API's reference for people, made from the same document as everything else. Plain HTML: no script, no request
// to anybody, readable without styles.
import { html, raw } from 'hono/html'

interface Schema {
  readonly $ref?: string
  readonly type?: string | readonly string[]
  readonly enum?: readonly unknown[]
  readonly description?: string
  readonly items?: Schema
  readonly properties?: Readonly<Record<string, Schema>>
  readonly required?: readonly string[]
  readonly oneOf?: readonly Schema[]
  readonly anyOf?: readonly Schema[]
  readonly allOf?: readonly Schema[]
  readonly example?: unknown
}
interface Media {
  readonly content?: Readonly<Record<string, { readonly schema?: Schema }>>
  readonly description?: string
}
interface Operation {
  readonly tags?: readonly string[]
  readonly summary?: string
  readonly description?: string
  readonly parameters?: readonly {
    readonly name: string
    readonly in: string
    readonly required?: boolean
    readonly schema?: Schema
  }[]
  readonly requestBody?: Media
  readonly responses?: Readonly<Record<string, Media>>
}
interface ApiDocument {
  readonly info: { readonly title: string; readonly version: string; readonly description?: string }
  readonly paths?: Readonly<Record<string, Readonly<Record<string, Operation>>>>
  readonly components?: { readonly schemas?: Readonly<Record<string, Schema>> }
}

const STYLE = `body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1b1f24}
code,pre{font:14px/1.5 ui-monospace,monospace}h2{margin-top:3rem;border-bottom:2px solid #d5dae0}
section{margin:1.5rem 0;padding:0 1rem;border:1px solid #d5dae0;border-radius:8px}
.method{display:inline-block;min-width:4.5rem;font-weight:700;color:#0a5bb5}table{border-collapse:collapse;width:100%}
td,th{text-align:left;vertical-align:top;padding:.25rem .5rem;border-top:1px solid #e6e9ed}
@media(prefers-color-scheme:dark){body{background:#14171a;color:#e3e7eb}section,h2,td,th{border-color:#353b42}.method{color:#6db3ff}a{color:#6db3ff}}`

const nameOf = (ref: string): string => ref.split('/').at(-1) ?? ref

const typeOf = (schema: Schema | undefined): string => {
  if (!schema) return 'anything'
  if (schema.$ref) return nameOf(schema.$ref)
  if (schema.enum) return schema.enum.map((value) => JSON.stringify(value)).join(' | ')
  const choices = schema.oneOf ?? schema.anyOf ?? schema.allOf
  if (choices) return [...new Set(choices.map(typeOf))].join(' | ')
  if (schema.items) return `list of ${typeOf(schema.items)}`
  return schema.type ? [schema.type].flat().join(' | ') : 'anything'
}

const showType = (schema: Schema | undefined) =>
  schema?.$ref
    ? html`<a href="#${nameOf(schema.$ref)}"><code>${nameOf(schema.$ref)}</code></a>`
    : html`<code>${typeOf(schema)}</code>`

const fieldTable = (schema: Schema) => html`<table>
  <tr><th>field</th><th>type</th><th></th></tr>
  ${Object.entries(schema.properties ?? {}).map(
    ([name, field]) => html`<tr>
      <td><code>${name}</code>${schema.required?.includes(name) ? '' : ' (optional)'}</td>
      <td>${showType(field.items?.$ref ? field.items : field)}${field.items?.$ref ? ' list' : ''}</td>
      <td>${field.description ?? ''}</td>
    </tr>`,
  )}
</table>`

const bodyOf = (media: Media | undefined) => {
  const [type, body] = Object.entries(media?.content ?? {})[0] ?? []
  if (!type) return ''
  return body?.schema?.properties ? fieldTable(body.schema) : html`${showType(body?.schema)} <small>${type}</small>`
}

const showOperation = (path: string, method: string, operation: Operation) => html`<section>
  <h3><span class="method">${method.toUpperCase()}</span> <code>${path}</code></h3>
  <p>${operation.summary ?? ''}. ${operation.description ?? ''}</p>
  ${
    operation.parameters?.length
      ? html`<table>${operation.parameters.map(
          (parameter) => html`<tr>
            <td><code>${parameter.name}</code> in ${parameter.in}${parameter.required ? '' : ' (optional)'}</td>
            <td>${showType(parameter.schema)}</td>
          </tr>`,
        )}</table>`
      : ''
  }
  ${operation.requestBody ? html`<h4>Body</h4>${bodyOf(operation.requestBody)}` : ''}
  ${Object.entries(operation.responses ?? {})
    .filter(([status]) => status !== 'default')
    .map(([status, media]) => html`<h4>${status}: ${media.description ?? ''}</h4>${bodyOf(media)}`)}
</section>`

/** One page: operations by tag, then the shapes they name. */
export const renderReference = (source: object) => {
  const document = source as ApiDocument
  const operations = Object.entries(document.paths ?? {}).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
  )
  const tags = [...new Set(operations.map(({ operation }) => operation.tags?.[0] ?? 'Other'))]
  return html`<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${document.info.title} API</title>
<style>${raw(STYLE)}</style></head>
<body>
<h1>${document.info.title} API, version ${document.info.version}</h1>
<p>${document.info.description ?? ''} The same as a document: <a href="/api/openapi.json">OpenAPI 3.1</a>.
Send <code>Authorization: Bearer …</code>; every refusal is an <a href="#Error"><code>Error</code></a>.</p>
<nav>${tags.map((tag) => html`<a href="#tag-${tag}">${tag}</a> `)}<a href="#shapes">Shapes</a></nav>
${tags.map(
  (tag) => html`<h2 id="tag-${tag}">${tag}</h2>
  ${operations
    .filter(({ operation }) => (operation.tags?.[0] ?? 'Other') === tag)
    .map(({ path, method, operation }) => showOperation(path, method, operation))}`,
)}
<h2 id="shapes">Shapes</h2>
${Object.entries(document.components?.schemas ?? {}).map(
  ([name, schema]) =>
    html`<section id="${name}"><h3>${name}</h3><p>${schema.description ?? ''}</p>${fieldTable(schema)}
    ${schema.example === undefined ? '' : html`<pre>${JSON.stringify(schema.example, null, 2)}</pre>`}</section>`,
)}
</body></html>`
}
