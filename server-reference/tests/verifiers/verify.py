"""Checks deliveries with the public library: reads lines of JSON, prints `genuine` or `refused` for each."""

import json
import sys

from standardwebhooks import Webhook, WebhookVerificationError

for line in sys.stdin:
    delivery = json.loads(line)
    try:
        Webhook(delivery["secret"]).verify(delivery["body"], delivery["headers"])
        print("genuine")
    except WebhookVerificationError:
        print("refused")
