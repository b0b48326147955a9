data "headrace_clusters" "all" {}

output "names" {
  value = data.headrace_clusters.all.clusters[*].name
}
