"""`headrace tier`: copies of clusters in a bucket of any S3, made and read back by operators."""
