"""How far a cluster is open to its clients, and from where; pure but for the row it reads."""

from control_plane.clusters.models import Cluster
from control_plane.provisioning.engine import ClusterOpenness, to_access


def openness(cluster: Cluster) -> ClusterOpenness:
    """Return what the brokers of a cluster are told."""
    return ClusterOpenness(
        access=to_access(cluster.access), allowed_networks=tuple(cluster.allowed_networks)
    )
