import {
  to = approute_link.nora
  id = "external_id:creator:1042"
}
