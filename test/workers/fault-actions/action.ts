// One thing that a caller asks of the platform, as the fault injection drives it: made ready, asked for while a write
// fails, asked for again or swept, and looked at from where its effect is seen.
import type { Env } from '../../../workers/web/env.ts'
import type { Answer } from '../web-fixture.ts'
import type { Failure } from './faulty-env.ts'

export interface AskOptions {
  readonly token?: string
  readonly cookie?: string
  readonly json?: unknown
  readonly bytes?: Uint8Array
  readonly headers?: Readonly<Record<string, string>>
}

/** Of what is no request: it ended well. */
export const DONE: Answer = { status: 200, body: undefined, headers: new Headers() }

/** A request to a Worker whose bindings may fail. */
export type Ask = (method: string, path: string, options?: AskOptions) => Promise<Answer>

export interface Action<S> {
  /** What it is when no route leads to it, or another of the same route. */
  readonly name?: string
  /** As the router knows it: `DELETE /api/v1/organizations/:org/tokens/:tokenId`. */
  readonly route: string
  /** Without faults; something new each time. */
  prepare(): Promise<S>
  /** `env`: the same bindings, for what no request does. */
  act(ask: Ask, subject: S, env: Env): Promise<Answer>
  /** What is not as it was asked for, in a word; undefined: all is. */
  missing(subject: S, answer: Answer | undefined): Promise<string | undefined>
  /** Those that show something here; without it, all. */
  readonly failures?: readonly Failure[]
  /**
   * It shuts somebody out: an answer that says it is done is true at that moment, and a second request finishes what the
   * first began, without waiting for a sweep.
   */
  readonly closes?: true
}

// biome-ignore lint/suspicious/noExplicitAny: a list of actions, each with a subject of its own
export type AnyAction = Action<any>
