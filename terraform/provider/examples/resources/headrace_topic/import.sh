# CLUSTER_ID/NAME
terraform import headrace_topic.placed lkc_4q8x0n1w2e3r5t6y/orders.placed
