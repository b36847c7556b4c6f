// Stripe's request bodies: `items[0][price]=x` as nested objects and lists.

export type FormValue = string | FormObject | FormValue[]
export interface FormObject {
  [key: string]: FormValue
}

const asLists = (value: FormValue): FormValue => {
  if (typeof value === 'string' || Array.isArray(value)) return value
  const entries = Object.entries(value).map(([key, each]) => [key, asLists(each)] as const)
  const isList = entries.length > 0 && entries.every(([key]) => /^\d*$/.test(key))
  return isList ? entries.map(([, each]) => each) : Object.fromEntries(entries)
}

const put = (target: FormObject, path: readonly string[], value: string): void => {
  const [first = '', ...rest] = path
  const key = first === '' ? String(Object.keys(target).length) : first
  if (rest.length === 0) {
    target[key] = value
    return
  }
  const next = (target[key] ?? {}) as FormObject
  target[key] = next
  put(next, rest, value)
}

export const parseForm = (text: string): FormObject => {
  const root: FormObject = {}
  for (const [name, value] of new URLSearchParams(text)) {
    const path = [...name.matchAll(/(^[^[]+)|\[([^\]]*)\]/g)].map(([, head, inner]) => head ?? inner ?? '')
    put(root, path, value)
  }
  return asLists(root) as FormObject
}

/** Reading what a request asked for; every value of a form is text. */
export const textOf = (form: FormObject, key: string): string | undefined => {
  const value = form[key]
  return typeof value === 'string' ? value : undefined
}
export const objectOf = (form: FormObject, key: string): FormObject => {
  const value = form[key]
  return value !== undefined && typeof value === 'object' && !Array.isArray(value) ? value : {}
}
export const listOf = (form: FormObject, key: string): FormObject[] => {
  const value = form[key]
  return Array.isArray(value) ? value.filter((each): each is FormObject => typeof each === 'object') : []
}
export const textsOf = (form: FormObject, key: string): string[] => {
  const value = form[key]
  return Array.isArray(value) ? value.filter((each): each is string => typeof each === 'string') : []
}
export const metadataOf = (form: FormObject): Record<string, string> =>
  Object.fromEntries(
    Object.entries(objectOf(form, 'metadata')).flatMap(([key, value]) =>
      typeof value === 'string' ? [[key, value]] : [],
    ),
  )
