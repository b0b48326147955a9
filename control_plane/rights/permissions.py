"""Whether the caller may change something of a cluster, asked without changing anything."""

from typing import Any

from confluent_kafka import KafkaError

from control_plane.kafka.admin import AclOperation, KafkaAdmin
from control_plane.kafka.answers import REQUEST_SECONDS_MAX, answer
from control_plane.kafka.errors import Refusals


def require_may(client: KafkaAdmin, operation: AclOperation, refusals: Refusals) -> None:
    """Raise what the cluster would refuse with if the caller may not do this with it (KIP-430)."""
    future = client.describe_cluster(
        include_authorized_operations=True, request_timeout=REQUEST_SECONDS_MAX
    )
    # confluent_kafka does not say of what its list is.
    found: Any = answer(future, refusals)
    allowed: list[AclOperation] | None = found.authorized_operations
    if operation not in (allowed or ()):
        words = f"the access rules of the cluster do not let you {operation.name.lower()} it"
        raise refusals.to_app_error(KafkaError(KafkaError.CLUSTER_AUTHORIZATION_FAILED, words))
