data "approute_link" "nora" {
  external_id = "creator:1042"
}

output "clicks" {
  value = data.approute_link.nora.click_count
}
