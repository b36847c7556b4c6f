import { expect, it } from 'vitest'
import { openBuildQueue } from './build-queue.ts'

const never = new AbortController().signal

it('never runs more at once than there are places, and serves in order', async () => {
  const queue = openBuildQueue(2)
  const order: number[] = []
  let running = 0
  let most = 0
  const work = (n: number) => async () => {
    most = Math.max(most, ++running)
    order.push(n)
    await new Promise((resolve) => setTimeout(resolve, 1))
    running -= 1
  }
  await Promise.all([1, 2, 3, 4, 5].map((n) => queue.take(work(n), never)))
  expect(most).toBe(2)
  expect(order).toEqual([1, 2, 3, 4, 5])
})

it('lets one leave the line, and gives a failed one’s place on', async () => {
  const queue = openBuildQueue(1)
  const abort = new AbortController()
  const failing = queue.take(() => Promise.reject(new Error('broke')), never)
  const leaving = queue.take(async () => 'never', abort.signal)
  const last = queue.take(async () => 'served', never)
  abort.abort(new Error('gone'))
  await expect(failing).rejects.toThrow('broke')
  await expect(leaving).rejects.toThrow('gone')
  expect(await last).toBe('served')
})
