# The key comes from APPROUTE_API_KEY, another server's address from APPROUTE_BASE_URL.
resource "approute_link" "nora" {
  external_id = "creator:nora-lind"
  url         = "https://northpeak.example/autumn-drop"
  sub_id      = "nora-lind"
  targets     = { ios = { app_store_id = "6470010001" } }
}

output "share" {
  value = approute_link.nora.short_url
}
