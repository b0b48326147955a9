"""Our broker beside Apache Kafka: measured, judged and put into docs/benchmarks.md."""
