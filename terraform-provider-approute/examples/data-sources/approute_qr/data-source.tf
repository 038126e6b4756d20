data "approute_qr" "nora" {
  link_id          = approute_link.nora.id
  format           = "svg"
  error_correction = "Q"
}

resource "local_file" "nora" {
  filename       = "nora.svg"
  content_base64 = data.approute_qr.nora.content_base64
}
