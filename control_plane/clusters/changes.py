"""What a change of a cluster asks for: whether it fits, what it does, and what it is known by."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from control_plane.clusters.errors import PlanTooSmallError, StorageLimitTooLargeError
from control_plane.clusters.models import Cluster
from control_plane.clusters.plans import Plan
from control_plane.clusters.states import Presence

TAG_LENGTH = 20

# What brokers read when they start, and never again.
_READ_AT_START = (
    "client_certificates",
    "storage_limit_bytes",
    "retention_ms_max",
    "retention_bytes_max",
)


@dataclass(frozen=True, slots=True)
class Difference:
    """One field of what is wanted, before and after a change."""

    field: str
    before: Any
    after: Any


def wanted_fields(cluster: Cluster) -> Mapping[str, Any]:
    """Return what an owner decides about a cluster, by its name in the API."""
    return {
        "name": cluster.name,
        "plan": cluster.plan,
        "labels": dict(cluster.labels),
        "deletion_protection": cluster.deletion_protection,
        "wake_on_connect": cluster.wake_on_connect,
        "auto_pause_minutes": cluster.auto_pause_minutes,
        "allowed_networks": list(cluster.allowed_networks),
        "client_certificates": cluster.client_certificates,
        "storage_limit_bytes": cluster.storage_limit_bytes,
        "retention_ms_max": cluster.retention_ms_max,
        "retention_bytes_max": cluster.retention_bytes_max,
        "maintenance_window": cluster.maintenance_window,
        "oauth_issuer": cluster.oauth_issuer,
        "presence": cluster.presence,
    }


def spec_tag(cluster: Cluster) -> str:
    """Return a tag that is another one after every change of what is wanted."""
    fields = {**wanted_fields(cluster), "id": cluster.id, "generation": cluster.generation}
    text = json.dumps(fields, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:TAG_LENGTH]


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> Sequence[Difference]:
    return [
        Difference(name, before[name], after[name])
        for name in before
        if before[name] != after[name]
    ]


def planned_steps(
    before: Mapping[str, Any], after: Mapping[str, Any], *, is_restart: bool
) -> Sequence[str]:
    """Name the steps that the reconciler will take, in their order."""
    was_running = before["presence"] == Presence.RUNNING
    match after["presence"]:
        case Presence.RUNNING if not was_running:
            return ["start"]
        case Presence.RUNNING:
            return _steps_of_running(before, after, is_restart=is_restart)
        case Presence.STOPPED | Presence.KEPT if was_running:
            return ["collect_usage", "rest" if after["presence"] == Presence.STOPPED else "stop"]
        case Presence.ABSENT if before["presence"] != Presence.ABSENT:
            return ["collect_usage", "remove"] if was_running else ["remove"]
        case _:
            return []


def _steps_of_running(
    before: Mapping[str, Any], after: Mapping[str, Any], *, is_restart: bool
) -> Sequence[str]:
    if is_restart or before["plan"] != after["plan"]:
        return ["collect_usage", "start"]
    gains_or_loses_issuer = (before["oauth_issuer"] is None) != (after["oauth_issuer"] is None)
    if gains_or_loses_issuer or any(before[name] != after[name] for name in _READ_AT_START):
        return ["start"]
    is_told = any(before[name] != after[name] for name in ("allowed_networks", "oauth_issuer"))
    return ["publish"] if is_told else []


@dataclass(frozen=True, slots=True)
class Held:
    """What a cluster was last seen to hold."""

    partitions: int
    stored_bytes: int


def require_fit(plan: Plan, *, engine: str, held: Held) -> None:
    """Raise PlanTooSmallError unless a cluster that holds so much can have the plan."""
    if plan.engine != engine:
        raise PlanTooSmallError(
            f"the plan {plan.id} runs on another engine",
            advice="create a cluster of that plan and copy the topics",
        )
    limits = plan.limits
    if held.partitions > limits.partitions_max:
        raise PlanTooSmallError(
            f"the cluster has {held.partitions} partitions, the plan {plan.id} at most "
            f"{limits.partitions_max}",
            advice="delete topics until it fits, or choose a larger plan",
        )
    if held.stored_bytes > limits.stored_bytes_max:
        raise PlanTooSmallError(
            f"the cluster stores {held.stored_bytes} bytes, the plan {plan.id} at most "
            f"{limits.stored_bytes_max}",
            advice="delete topics or records until it fits, or choose a larger plan",
        )


def require_within(plan: Plan, storage_limit_bytes: int) -> None:
    """Raise StorageLimitTooLargeError for a limit of its own that the plan does not allow."""
    most = plan.limits.stored_bytes_max
    if storage_limit_bytes > most:
        raise StorageLimitTooLargeError(
            f"clusters of the plan {plan.id} store at most {most} bytes",
            advice="choose less, or a larger plan",
        )


def storage_limit(plan: Plan, cluster: Cluster) -> int:
    """Return how many bytes the cluster may store: its own limit, and its plan's at most."""
    most = plan.limits.stored_bytes_max
    return min(cluster.storage_limit_bytes or most, most)
