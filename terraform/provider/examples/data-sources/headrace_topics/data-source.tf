data "headrace_topics" "all" {
  cluster_id = data.headrace_cluster.orders.id
}

output "partitions" {
  value = sum(data.headrace_topics.all.topics[*].partitions)
}
