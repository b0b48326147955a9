data "headrace_api_keys" "orders" {
  cluster_id = headrace_cluster.orders.id
}

output "unused_keys" {
  value = [for key in data.headrace_api_keys.orders.api_keys : key.name if key.last_used_at == null && key.revoked_at == null]
}
