# For librdkafka and Kafka's Java clients; the store has sasl.username and sasl.password.
output "client_properties" {
  value = data.headrace_cluster_connection.private.properties
}

output "ca_certificate" {
  value = data.headrace_cluster_connection.private.ca_certificate
}

output "topic" {
  value = headrace_topic.greetings.name
}
