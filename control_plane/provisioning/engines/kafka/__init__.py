"""What the `apache-kafka` engine is made of: Kafka's own program, its files, and plugins in it."""
