import {
  to = approute_webhook.payouts
  id = "whk_01JD7Z5A2N7R5X3M0V6S2Y1ZCD"
}
