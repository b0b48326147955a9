"""What the gateway is told about a cluster, and by whom."""

from dataclasses import dataclass
from typing import Literal, Protocol


@dataclass(frozen=True, slots=True)
class ClusterEndpoint:
    """How to reach a cluster by the Kafka protocol."""

    cluster_id: str
    bootstrap_servers: str
    security_protocol: Literal["SASL_SSL", "SASL_PLAINTEXT", "PLAINTEXT"]
    ca_certificate: str | None = None


@dataclass(frozen=True, slots=True)
class Route:
    """A cluster and the principal that a request acts as there."""

    endpoint: ClusterEndpoint
    principal: str


class ClientCredentials(Protocol):
    """Gives the librdkafka settings by which a client authenticates as a principal."""

    def client_settings(self, subject: str, cluster_id: str) -> dict[str, str]:
        """Return SASL settings for one principal on one cluster."""
        ...
