"""One module for each engine that can run a cluster."""
