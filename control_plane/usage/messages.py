"""The message that tells of a counted window. Pure."""

from datetime import UTC, datetime
from typing import Any

from control_plane.clusters.service import MeteredCluster
from control_plane.usage.plan import CountedWindow

WINDOW_CLOSED = "usage.window_closed"


def source(cluster_id: str, broker_id: int, meter_id: str, number: int) -> str:
    """Return the name of a window, unique for ever: what consumers tell repetitions by."""
    return f"{cluster_id}/{broker_id}/{meter_id}/{number}"


def window_closed(cluster: MeteredCluster, origin: str, counted: CountedWindow) -> dict[str, Any]:
    """Return the body of the message: bytes, milliseconds and numbers of things."""
    total = counted.total
    window = counted.window
    return {
        "source": origin,
        "organization_id": cluster.organization_id,
        "cluster_id": cluster.id,
        "cluster_name": cluster.name,
        "plan": cluster.plan,
        "started_at": _rfc3339(counted.started_at),
        "ended_at": _rfc3339(counted.ended_at),
        "running_ms": window.running_ms,
        "bytes_in": total.bytes_in,
        "bytes_out": total.bytes_out,
        "stored_bytes": window.stored_bytes,
        "partitions": window.partitions,
        "connections": window.connections,
    }


def _rfc3339(value: datetime) -> str:
    """Write an instant in UTC; with milliseconds only where it has some."""
    spec = "milliseconds" if value.microsecond else "seconds"
    return value.astimezone(UTC).isoformat(timespec=spec).replace("+00:00", "Z")
