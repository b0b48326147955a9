resource "headrace_topic" "placed" {
  cluster_id = headrace_cluster.orders.id
  name       = "orders.placed"
  partitions = 6

  configs = {
    "retention.ms" = "604800000"
  }
}
