resource "approute_link" "nora" {
  slug        = "nora-lind"
  external_id = "creator:1042"
  url         = "https://northpeak.example/autumn-drop"
  title       = "Nora Lind, autumn"
  tags        = ["autumn", "creators"]
  program_id  = "autumn-2026"
  sub_id      = "instagram-nora-lind"

  # A phone goes to the app, everything else to the page.
  targets = {
    ios     = { app_store_id = "6470010001" }
    android = { package_name = "example.northpeak.shop" }
  }

  utm = { source = "instagram", medium = "creator", campaign = "autumn-2026" }

  # A link that is printed on a package must not go by a slip.
  deletion_protection = true
}

# The password is in no plan and no state. Raise the version when it changes.
resource "approute_link" "press" {
  slug                = "press-kit"
  url                 = "https://northpeak.example/press"
  password_wo         = var.press_password
  password_wo_version = 1
}

variable "press_password" {
  type      = string
  sensitive = true
  ephemeral = true
}
