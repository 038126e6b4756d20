terraform {
  required_providers {
    approute = {
      source  = "approute/approute"
      version = "~> 0.1"
    }
  }
}

# The key comes from APPROUTE_API_KEY, another server's address from APPROUTE_BASE_URL.
provider "approute" {}
