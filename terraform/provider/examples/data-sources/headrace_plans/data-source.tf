data "headrace_plans" "all" {}

output "available" {
  value = [for plan in data.headrace_plans.all.plans : plan.id if plan.available]
}
