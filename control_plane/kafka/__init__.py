"""Asking clusters by the Kafka protocol: clients, answers, and what librdkafka does not offer."""
