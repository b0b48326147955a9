output "cluster_id" {
  value = headrace_cluster.first.id
}

# What a Kafka client is configured with: SASL_SSL with SCRAM-SHA-512.
output "bootstrap_servers" {
  value = headrace_cluster.first.endpoints.kafka.sasl_ssl
}

output "rest_url" {
  value = headrace_cluster.first.endpoints.rest
}

output "ca_certificate" {
  value = headrace_cluster.first.ca_certificate
}

output "topic" {
  value = headrace_topic.greetings.name
}

output "username" {
  value = headrace_api_key.program.id
}

output "password" {
  value     = headrace_api_key.program.secret
  sensitive = true
}

# Shown by terraform plan already: what it costs by itself, and the most that it costs in a day.
output "price" {
  value = headrace_cluster.first.price
}
