data "approute_links" "autumn" {
  program_id = "autumn-2026"
  tags       = ["instagram"]
}

output "clicks_by_creator" {
  value = { for link in data.approute_links.autumn.links : link.sub_id => link.click_count }
}
