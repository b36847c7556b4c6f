// The queue of notices. A message only says which delivery to look at; its state, and when to try again, are in D1.
import type { DeliveryMessage } from '../env.ts'
import { logError } from '../services/platform/log.ts'
import type { Platform } from '../services/platform/platform.ts'
import { deliver } from '../services/webhooks/deliver.ts'

const AFTER_TROUBLE_SECONDS = 60

export const consumeDeliveries = async (platform: Platform, batch: MessageBatch<DeliveryMessage>): Promise<void> => {
  await Promise.all(
    batch.messages.map(async (message) => {
      try {
        const outcome = await deliver(platform, message.body.deliveryId)
        if (outcome.done) message.ack()
        else message.retry({ delaySeconds: outcome.retryAfterSeconds })
      } catch (error) {
        logError('delivery.broke', error, { deliveryId: message.body.deliveryId })
        message.retry({ delaySeconds: AFTER_TROUBLE_SECONDS })
      }
    }),
  )
}
