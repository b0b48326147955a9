"""Remote copies of clusters: what uploads, verifies and restores them; knows no broker."""
