"""Organizations: who holds clusters, and pays for them."""
