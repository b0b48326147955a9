# A cluster, a topic and a key for the programs that use them. Needs nothing but HEADRACE_URL and
# HEADRACE_API_KEY in the environment (and HEADRACE_CA_FILE for an https address of `headrace up`).

terraform {
  required_version = ">= 1.5"
  required_providers {
    headrace = {
      source  = "headrace/headrace"
      version = "~> 0.1"
    }
  }
}

provider "headrace" {}

resource "headrace_cluster" "first" {
  name = "first-by-terraform"
  plan = "dev"
}

resource "headrace_topic" "greetings" {
  cluster_id = headrace_cluster.first.id
  name       = "greetings"
  partitions = 3

  configs = {
    "retention.ms" = "604800000" # a week
  }
}

resource "headrace_api_key" "program" {
  name       = "first program"
  cluster_id = headrace_cluster.first.id
}
