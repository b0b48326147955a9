"""Problems of every route that asks a cluster by the Kafka protocol."""

from control_plane.clusters.errors import (
    ClusterNotFoundError,
    ClusterNotReadyError,
    ClusterSuspendedError,
    ClusterUnavailableError,
)
from control_plane.kafka.errors import ClusterRequestFailedError

CLUSTER_PROBLEMS = (
    ClusterNotFoundError,
    ClusterNotReadyError,
    ClusterRequestFailedError,
    ClusterSuspendedError,
    ClusterUnavailableError,
)
