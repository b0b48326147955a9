data "headrace_api_key" "shop" {
  id = "hk_9v2mh8k3c5d7f1g0"
}

output "shop_last_used_at" {
  value = data.headrace_api_key.shop.last_used_at
}
