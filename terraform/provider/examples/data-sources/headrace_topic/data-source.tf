data "headrace_topic" "placed" {
  cluster_id = data.headrace_cluster.orders.id
  name       = "orders.placed"
}

output "retention" {
  value = data.headrace_topic.placed.configs["retention.ms"].value
}
