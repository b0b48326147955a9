data "headrace_prices" "today" {}

output "daily_caps" {
  value = { for plan in data.headrace_prices.today.plans : plan.plan => "${plan.daily_cap} ${data.headrace_prices.today.currency}" }
}
