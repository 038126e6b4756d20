// Checks deliveries with the public library: reads lines of JSON, prints `genuine` or `refused` for each.
import { createInterface } from 'node:readline'
import { Webhook, WebhookVerificationError } from 'standardwebhooks'

for await (const line of createInterface({ input: process.stdin })) {
  const { secret, body, headers } = JSON.parse(line)
  try {
    new Webhook(secret).verify(body, headers)
    console.log('genuine')
  } catch (error) {
    if (!(error instanceof WebhookVerificationError)) throw error
    console.log('refused')
  }
}
