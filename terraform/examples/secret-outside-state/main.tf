# A key whose secret is in neither state nor plan: drawn where Terraform runs, sent to the service, and
# handed to a program that keeps it. Needs Terraform 1.11 or OpenTofu 1.11, and HEADRACE_URL and
# HEADRACE_API_KEY in the environment.

terraform {
  required_version = ">= 1.11"
  required_providers {
    headrace = {
      source  = "headrace/headrace"
      version = "~> 0.1"
    }
  }
}

provider "headrace" {}

variable "store" {
  description = "A shell command that keeps KEY_ID and SECRET of its environment, such as that of a secret store."
  type        = string
  default     = "umask 077 && printf '{\"username\": \"%s\", \"password\": \"%s\"}' \"$KEY_ID\" \"$SECRET\" > credentials.json"
}

variable "secret_version" {
  description = "Another number makes another key, and ends the one before when that one is in force."
  type        = number
  default     = 1
}

resource "headrace_cluster" "private" {
  name = "private-by-terraform"
  plan = "dev"
}

resource "headrace_topic" "greetings" {
  cluster_id = headrace_cluster.private.id
  name       = "greetings"
}

ephemeral "headrace_secret" "program" {}

resource "headrace_api_key" "program" {
  name              = "program"
  cluster_id        = headrace_cluster.private.id
  secret_wo         = ephemeral.headrace_secret.program.secret
  secret_wo_version = var.secret_version

  lifecycle {
    create_before_destroy = true
  }

  # Part of making the key: if it fails, the key is made again, with another secret.
  provisioner "local-exec" {
    command = var.store
    environment = {
      KEY_ID = self.id
      SECRET = ephemeral.headrace_secret.program.secret
    }
  }
}

data "headrace_cluster_connection" "private" {
  cluster_id = headrace_cluster.private.id
}
