"""What a cluster's brokers measure, for who owns the cluster."""
