data "headrace_cluster" "orders" {
  name = "orders"
}

output "bootstrap_servers" {
  value = data.headrace_cluster.orders.endpoints.kafka.sasl_ssl
}
