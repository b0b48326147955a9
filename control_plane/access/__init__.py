"""Who may reach a cluster, brought into force on the cluster itself."""
