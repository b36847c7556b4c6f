// One JSON line an event. Ids always, secrets never: callers hand over ids and counts, not bodies or headers.

export const logEvent = (event: string, facts: Readonly<Record<string, unknown>> = {}): void => {
  console.log(JSON.stringify({ event, ...facts }))
}

/** For what we did not expect: the whole error to the log, nothing of it to the user. */
export const logError = (event: string, error: unknown, facts: Readonly<Record<string, unknown>> = {}): void => {
  const detail = error instanceof Error ? (error.stack ?? error.message) : String(error)
  console.error(JSON.stringify({ event, ...facts, error: detail }))
}
