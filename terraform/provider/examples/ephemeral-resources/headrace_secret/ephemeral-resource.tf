ephemeral "headrace_secret" "shop" {}

# The store takes the secret, and the key takes what the store has: whichever of the two fails, the next
# run goes on with the same secret. Any store will do that has a write-only attribute and can be read so.
resource "aws_secretsmanager_secret_version" "shop" {
  secret_id                = aws_secretsmanager_secret.shop.id
  secret_string_wo         = ephemeral.headrace_secret.shop.secret
  secret_string_wo_version = 1 # another number makes another key
}

ephemeral "aws_secretsmanager_secret_version" "shop" {
  secret_id = aws_secretsmanager_secret_version.shop.secret_id
}

resource "headrace_api_key" "shop" {
  name              = "shop"
  cluster_id        = headrace_cluster.orders.id
  secret_wo         = ephemeral.aws_secretsmanager_secret_version.shop.secret_string
  secret_wo_version = aws_secretsmanager_secret_version.shop.secret_string_wo_version

  lifecycle {
    create_before_destroy = true
  }
}
