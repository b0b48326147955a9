"""The cluster that the demo makes, and how its clients reach it."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any

from tools.demo.records import PARTITIONS
from tools.running_service import RunningService
from tools.service_access import ServiceError


@dataclass(frozen=True, kw_only=True)
class Cluster:
    """A cluster with a key of its own."""

    id: str
    rest_url: str
    kafka_address: str
    ca_file: Path
    key_id: str
    secret: str

    @property
    def librdkafka(self) -> dict[str, str]:
        """Options of confluent-kafka and of kcat: SCRAM-SHA-512 over TLS."""
        return {
            "bootstrap.servers": self.kafka_address,
            "security.protocol": "SASL_SSL",
            "sasl.mechanism": "SCRAM-SHA-512",
            "sasl.username": self.key_id,
            "sasl.password": self.secret,
            "ssl.ca.location": str(self.ca_file),
        }


def create_cluster(service: RunningService, directory: Path) -> Cluster:
    """Make a cluster and its key by the API; both are good when the calls return."""
    cluster = _create(service, "/v1/clusters", {"name": "demo", "plan": "dev"})
    key = _create(service, "/v1/api-keys", {"name": "demo", "cluster_id": cluster["id"]})
    ca_file = directory / "ca.pem"
    ca_file.write_text(cluster["ca_certificate"], encoding="utf-8")
    return Cluster(
        id=cluster["id"],
        rest_url=cluster["endpoints"]["rest"],
        kafka_address=cluster["endpoints"]["kafka"]["sasl_ssl"],
        ca_file=ca_file,
        key_id=key["id"],
        secret=key["secret"],
    )


def create_topic(service: RunningService, cluster: Cluster, name: str) -> str:
    """Make a topic by the API; its name."""
    body = {"name": name, "partitions": PARTITIONS}
    _create(service, f"/v1/clusters/{cluster.id}/topics", body)
    return name


def _create(service: RunningService, path: str, body: dict[str, Any]) -> dict[str, Any]:
    with service.http() as http:
        answer = http.post(path, json=body)
    if answer.status_code != HTTPStatus.CREATED:
        raise ServiceError(answer.text)
    return answer.json()
