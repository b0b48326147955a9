"""How clients prove who they are to a cluster, beside API keys: as it is kept in its row."""

from dataclasses import asdict
from typing import Any

from control_plane.clusters.models import Cluster
from control_plane.provisioning.engine import ClientCertificates


def client_certificates(cluster: Cluster) -> ClientCertificates | None:
    """Return what a cluster is to know clients by, None where it takes no certificates."""
    kept = cluster.client_certificates
    return None if kept is None else ClientCertificates(**kept)


def to_row(wanted: ClientCertificates | None) -> dict[str, Any] | None:
    """Return what the column holds for it."""
    return None if wanted is None else asdict(wanted)
