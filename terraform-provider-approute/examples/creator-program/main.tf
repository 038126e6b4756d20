# A creator program: every row of a CSV is a link.

terraform {
  required_providers {
    approute = {
      source  = "approute/approute"
      version = "~> 0.1"
    }
  }
}

# The key comes from APPROUTE_API_KEY, another server's address from APPROUTE_BASE_URL.
provider "approute" {
  allow_many_deletes = var.allow_many_deletes
}

variable "creators" {
  description = "The CSV, with the columns of examples/creators.csv."
  type        = string
  default     = "../../../examples/creators.csv"
}

variable "allow_many_deletes" {
  description = "Whether more than 25 links may be deleted within an hour."
  type        = bool
  default     = false
}

locals {
  # By the creator's own id, so that the order of the rows does not matter, and a row that is taken out takes out one link.
  creators = { for row in csvdecode(file(var.creators)) : row.external_id => row }
}

resource "approute_link" "creator" {
  for_each = local.creators

  external_id = each.key
  slug        = each.value.slug
  url         = each.value.destination
  title       = each.value.name
  tags        = ["creators", each.value.platform]
  program_id  = each.value.utm_campaign
  sub_id      = each.value.sub_id

  targets = {
    ios     = each.value.app_store_id == "" ? null : { app_store_id = each.value.app_store_id }
    android = each.value.package_name == "" ? null : { package_name = each.value.package_name }
  }

  utm = {
    source   = each.value.platform
    medium   = "creator"
    campaign = each.value.utm_campaign
  }
}

output "count" {
  value = length(approute_link.creator)
}

# What each creator gets to hear.
output "links" {
  value = { for link in approute_link.creator : link.sub_id => link.short_url }
}
