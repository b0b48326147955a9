data "headrace_price_preview" "orders" {
  plan           = "dev"
  partitions     = 30
  gb_in_per_day  = 1
  gb_out_per_day = 2
  gb_stored      = 10
}

# Shown by terraform plan, and a reason to stop it.
output "orders_per_day" {
  value = "${data.headrace_price_preview.orders.per_day} ${data.headrace_price_preview.orders.currency}"

  precondition {
    condition     = tonumber(data.headrace_price_preview.orders.per_day) < 0.10
    error_message = "The cluster would cost more than agreed."
  }
}
