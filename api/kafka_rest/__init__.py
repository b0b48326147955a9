"""Routes in the shape of Confluent's Kafka REST API, under /kafka."""
