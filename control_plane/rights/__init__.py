"""Who may do what in a cluster, and how much: access rules, SCRAM users and client quotas.

Each is asked of the cluster itself by the Kafka protocol.
"""
