resource "approute_webhook" "payouts" {
  url         = "https://payouts.northpeak.example/approute"
  events      = ["link.created", "link.click_threshold"]
  description = "Partner payouts"

  # Another text gives the webhook a new secret; the old one signs too for a day.
  rotation_trigger = "2026-11"
}

# The secret belongs where the receiver reads it.
output "webhook_secret" {
  value     = approute_webhook.payouts.secret
  sensitive = true
}
