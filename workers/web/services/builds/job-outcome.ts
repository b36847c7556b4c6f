/** How the queue is answered: `settled` needs nothing more, `retry` wants another delivery. */
export type JobOutcome = 'settled' | 'retry'
