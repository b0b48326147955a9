"""Clusters: created, shown and deleted."""

from collections.abc import Iterator
from datetime import date, datetime
from http import HTTPStatus
from typing import Literal

import httpx2

from headrace.costs import Usage
from headrace.errors import ConfigurationError, CredentialsMissingError
from headrace.models import ApiKey, Caller, Cluster, Operation, Page
from headrace.pagination import iterate
from headrace.resources.operations import WAIT_SECONDS_DEFAULT, Operations
from headrace.transport import Request, Transport, management_post, path_of

PATH = "/v1/clusters"
ID_PREFIX = "lkc_"
SASL_MECHANISM = "SCRAM-SHA-512"

Granularity = Literal["hour", "day"]
UsageGroup = Literal["topic", "principal"]


class Clusters:
    """What `client.clusters` does."""

    def __init__(self, transport: Transport, operations: Operations) -> None:
        self._transport = transport
        self._operations = operations

    def create(
        self,
        name: str,
        plan: str = "dev",
        *,
        wait: bool = True,
        timeout_seconds: float = WAIT_SECONDS_DEFAULT,
    ) -> Cluster:
        """Create a cluster, usable when this returns; without `wait`, perhaps only later."""
        request = management_post(PATH, {"name": name, "plan": plan})
        response = self._transport.send(request)
        if response.status_code != HTTPStatus.ACCEPTED:
            return self._transport.decode(response, Cluster)
        return self.get(self._finish(response, timeout_seconds if wait else None))

    def list(self) -> Iterator[Cluster]:
        """Yield clusters, oldest first."""
        return iterate(self._transport, PATH, Page[Cluster])

    def get(self, cluster_id: str) -> Cluster:
        return self._transport.get(PATH + path_of(cluster_id), Cluster)

    def find(self, id_or_name: str) -> Cluster:
        """Return the cluster of that id, or else of that name. Raises NotFoundError."""
        if not id_or_name.startswith(ID_PREFIX):
            for cluster in self.list():
                if cluster.name == id_or_name:
                    return cluster
        return self.get(id_or_name)

    def delete(
        self,
        cluster_id: str,
        *,
        wait: bool = True,
        timeout_seconds: float = WAIT_SECONDS_DEFAULT,
    ) -> None:
        """Delete a cluster with all its topics and records."""
        response = self._transport.send(Request("DELETE", PATH + path_of(cluster_id)))
        if response.status_code == HTTPStatus.ACCEPTED:
            self._finish(response, timeout_seconds if wait else None)

    def usage(
        self,
        cluster_id: str,
        start: date | datetime | None = None,
        end: date | datetime | None = None,
        *,
        granularity: Granularity = "hour",
        group_by: UsageGroup | None = None,
    ) -> Usage:
        """Return what the cluster used from `start` up to, not including, `end`; today unless said.

        The hours or days that hold the two are included whole.
        """
        wanted = {"start": start, "end": end}
        query: dict[str, str | int] = {
            name: moment.isoformat() for name, moment in wanted.items() if moment is not None
        }
        query["granularity"] = granularity
        if group_by is not None:
            query["group_by"] = group_by
        return self._transport.get(PATH + path_of(cluster_id, "usage"), Usage, query)

    def kafka_config(self, cluster_id: str, api_key: ApiKey | None = None) -> dict[str, str]:
        """Return settings for confluent-kafka (librdkafka): over TLS, as this client's own key.

        Another key must be fresh from `client.api_keys.create`: only then is its secret known.
        """
        cluster = self.get(cluster_id)
        kafka = cluster.endpoints.kafka
        if kafka is None or cluster.ca_certificate is None:
            raise ConfigurationError(f"cluster {cluster_id} has no addresses yet")
        username, password = self._credentials(api_key)
        return {
            "bootstrap.servers": kafka.sasl_ssl,
            "security.protocol": "SASL_SSL",
            "sasl.mechanisms": SASL_MECHANISM,
            "sasl.username": username,
            "sasl.password": password,
            "ssl.ca.pem": cluster.ca_certificate,
        }

    def _credentials(self, api_key: ApiKey | None) -> tuple[str, str]:
        if api_key is None:
            if self._transport.api_key is None:
                raise CredentialsMissingError("this client has no API key")
            return self._transport.get("/v1/whoami", Caller).id, self._transport.api_key
        if api_key.secret is None:
            raise CredentialsMissingError("an API key's secret is known only when it is created")
        return api_key.id, api_key.secret

    def _finish(self, response: httpx2.Response, timeout_seconds: float | None) -> str:
        operation = self._transport.decode(response, Operation)
        if timeout_seconds is not None:
            self._operations.wait(operation.id, timeout_seconds)
        return operation.resource_id
