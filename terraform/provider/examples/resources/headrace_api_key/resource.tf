resource "headrace_api_key" "shop" {
  name       = "shop"
  cluster_id = headrace_cluster.orders.id
}

output "kafka_password" {
  value     = headrace_api_key.shop.secret
  sensitive = true
}
