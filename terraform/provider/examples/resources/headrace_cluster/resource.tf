resource "headrace_cluster" "orders" {
  name = "orders"
  plan = "dev"
}
