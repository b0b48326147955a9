"""Consumer groups of a cluster, asked of the cluster itself by the Kafka Admin protocol."""
