"""The small process that owns brokers and their listening sockets. Standard library only."""
