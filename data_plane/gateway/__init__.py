"""Produce and consume for HTTP: a Kafka client that acts as its caller. Knows no HTTP itself."""
