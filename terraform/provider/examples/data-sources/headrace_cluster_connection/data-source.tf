data "headrace_cluster_connection" "orders" {
  cluster_id = headrace_cluster.orders.id
}

output "client_properties" {
  value = merge(data.headrace_cluster_connection.orders.properties, {
    "sasl.username" = headrace_api_key.shop.id
  })
}
