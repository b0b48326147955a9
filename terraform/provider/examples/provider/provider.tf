terraform {
  required_providers {
    headrace = {
      source  = "headrace/headrace"
      version = "~> 0.1"
    }
  }
}

# Address, API key and certificate authority come from HEADRACE_URL, HEADRACE_API_KEY and HEADRACE_CA_FILE.
provider "headrace" {}
