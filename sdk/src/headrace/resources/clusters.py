"""Clusters: created, shown, changed, paused, deleted and brought back."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from http import HTTPStatus
from typing import Any, Literal, TypedDict, Unpack

import httpx2

from headrace.costs import Usage
from headrace.errors import ConfigurationError, CredentialsMissingError
from headrace.metrics import MetricName, Metrics, StepSeconds, range_query
from headrace.models import (
    ApiKey,
    Caller,
    ClientCertificates,
    Cluster,
    ClusterChangePreview,
    ClusterForkPreview,
    MaintenanceWindow,
    OAuthIssuer,
    Operation,
    Page,
)
from headrace.pagination import iterate
from headrace.resources.operations import WAIT_SECONDS_DEFAULT, Operations
from headrace.transport import (
    Request,
    Transport,
    management_patch,
    management_post,
    management_put,
    path_of,
)

PATH = "/v1/clusters"
INSTALLATION_PATH = "/v1/installation/clusters"
ID_PREFIX = "lkc_"
SASL_MECHANISM = "SCRAM-SHA-512"

Granularity = Literal["hour", "day"]
UsageGroup = Literal["topic", "principal"]
Access = Literal["full", "read_only", "suspended"]


class ClusterUpkeep(TypedDict, total=False):
    """What of a cluster may be kept at most, and when it is maintained; None as if left out."""

    storage_limit_bytes: int | None
    retention_ms_max: int | None
    retention_bytes_max: int | None
    maintenance_window: MaintenanceWindow | Literal["any_time"] | None


class ClusterChanges(ClusterUpkeep, total=False):
    """What of a cluster can change; None is as if it was left out.

    Labels and networks are replaced as a whole. `auto_pause_minutes` of 0 turns the pause of an
    idle cluster off, `allowed_networks` without any lets clients come from everywhere, limits of
    what is kept of 0 leave only the plan's.
    """

    name: str | None
    plan: str | None
    labels: Mapping[str, str] | None
    deletion_protection: bool | None
    wake_on_connect: bool | None
    auto_pause_minutes: int | None
    allowed_networks: Sequence[str] | None
    client_certificates: ClientCertificates | Literal["off"] | None
    oauth_issuer: OAuthIssuer | Literal["off"] | None


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
        labels: Mapping[str, str] | None = None,
        deletion_protection: bool = False,
        allowed_networks: Sequence[str] = (),
        wait: bool = True,
        timeout_seconds: float = WAIT_SECONDS_DEFAULT,
        **upkeep: Unpack[ClusterUpkeep],
    ) -> Cluster:
        """Create a cluster, usable when this returns; without `wait`, perhaps only later.

        `allowed_networks` are those that clients may come from, none for everywhere.
        """
        body = {"name": name, "plan": plan, **_upkeep_body(upkeep)}
        if labels:
            body["labels"] = dict(labels)
        if deletion_protection:
            body["deletion_protection"] = True
        if allowed_networks:
            body["allowed_networks"] = list(allowed_networks)
        request = management_post(PATH, body)
        response = self._send(request, wait=wait)
        if response.status_code != HTTPStatus.ACCEPTED:
            return self._transport.decode(response, Cluster)
        return self.get(self._finish(response, timeout_seconds if wait else None))

    def fork(
        self,
        cluster_id: str,
        name: str,
        *,
        plan: str | None = None,
        at: datetime | None = None,
        offsets: Mapping[tuple[str, int], int] | None = None,
        labels: Mapping[str, str] | None = None,
        wait: bool = True,
        timeout_seconds: float = WAIT_SECONDS_DEFAULT,
    ) -> Cluster:
        """Make a new cluster with the data of another, running or paused, which is not changed.

        It has everything there is; or what lies before `at`, an aware datetime; or of partitions
        in `offsets` what lies before an offset. Keys of the other cluster alone are not good here.
        """
        body = _fork(name, plan, at, offsets, labels)
        request = management_post(f"{PATH}{path_of(cluster_id)}:fork", body)
        response = self._send(request, wait=wait)
        if response.status_code != HTTPStatus.ACCEPTED:
            return self._transport.decode(response, Cluster)
        return self.get(self._finish(response, timeout_seconds if wait else None))

    def preview_fork(
        self,
        cluster_id: str,
        name: str,
        *,
        plan: str | None = None,
        at: datetime | None = None,
        offsets: Mapping[tuple[str, int], int] | None = None,
    ) -> ClusterForkPreview:
        """Tell what a fork would cost, without making it."""
        body = _fork(name, plan, at, offsets, None)
        path = f"{PATH}{path_of(cluster_id)}:fork"
        request = management_post(path, body, _flags(dry_run=True))
        return self._transport.decode(self._transport.send(request), ClusterForkPreview)

    def list(self, *, deleted: bool = False) -> Iterator[Cluster]:
        """Yield clusters, oldest first; the deleted ones that can be brought back if asked to."""
        return iterate(self._transport, PATH, Page[Cluster], _flags(deleted=deleted))

    def get(self, cluster_id: str) -> Cluster:
        return self._transport.get(PATH + path_of(cluster_id), Cluster)

    def find(self, id_or_name: str) -> Cluster:
        """Return the cluster of that id, or else of that name. Raises NotFoundError."""
        if not id_or_name.startswith(ID_PREFIX):
            for cluster in self.list():
                if cluster.name == id_or_name:
                    return cluster
        return self.get(id_or_name)

    def find_deleted(self, id_or_name: str) -> Cluster | None:
        """Return the deleted cluster of that id, or the one of that name that was deleted last."""
        found = [one for one in self.list(deleted=True) if id_or_name in (one.id, one.name)]
        return max(found, key=lambda one: one.deleted_at or one.updated_at, default=None)

    def pause(
        self,
        cluster_id: str,
        *,
        wait: bool = True,
        timeout_seconds: float = WAIT_SECONDS_DEFAULT,
    ) -> Cluster:
        """Stop the cluster and keep its data and addresses; only storage costs something then."""
        return self._change(cluster_id, "pause", None, timeout_seconds if wait else None)

    def resume(
        self,
        cluster_id: str,
        *,
        wait: bool = True,
        timeout_seconds: float = WAIT_SECONDS_DEFAULT,
    ) -> Cluster:
        """Start a paused cluster again, at the same addresses."""
        return self._change(cluster_id, "resume", None, timeout_seconds if wait else None)

    def restart(
        self,
        cluster_id: str,
        *,
        wait: bool = True,
        timeout_seconds: float = WAIT_SECONDS_DEFAULT,
    ) -> Cluster:
        """End the broker and start it again; no connection is refused meanwhile."""
        return self._change(cluster_id, "restart", None, timeout_seconds if wait else None)

    def rotate(
        self,
        cluster_id: str,
        *,
        wait: bool = True,
        timeout_seconds: float = WAIT_SECONDS_DEFAULT,
    ) -> Cluster:
        """Give the cluster another private key and certificate, of the same authority."""
        return self._change(cluster_id, "rotate", None, timeout_seconds if wait else None)

    def upgrade(
        self,
        cluster_id: str,
        *,
        wait: bool = True,
        timeout_seconds: float = WAIT_SECONDS_DEFAULT,
    ) -> Cluster:
        """Move the cluster to the version that is installed, without waiting for its window."""
        return self._change(cluster_id, "upgrade", None, timeout_seconds if wait else None)

    def undelete(
        self,
        cluster_id: str,
        *,
        name: str | None = None,
        wait: bool = True,
        timeout_seconds: float = WAIT_SECONDS_DEFAULT,
    ) -> Cluster:
        """Bring a deleted cluster back, under another name if its own is taken."""
        body = None if name is None else {"name": name}
        return self._change(cluster_id, "undelete", body, timeout_seconds if wait else None)

    def update(
        self,
        cluster_id: str,
        *,
        wait: bool = True,
        timeout_seconds: float = WAIT_SECONDS_DEFAULT,
        **changes: Unpack[ClusterChanges],
    ) -> Cluster:
        """Change a cluster; what is left out stays."""
        response = self._send(_update(cluster_id, _changes_body(changes)), wait=wait)
        return self._changed(response, timeout_seconds if wait else None)

    def preview_update(
        self, cluster_id: str, **changes: Unpack[ClusterChanges]
    ) -> ClusterChangePreview:
        """Tell what an update would do and cost, without making it."""
        body = _changes_body(changes)
        request = _update(cluster_id, body, _flags(dry_run=True))
        return self._transport.decode(self._transport.send(request), ClusterChangePreview)

    def set_access(
        self,
        cluster_id: str,
        access: Access,
        reason: str | None = None,
    ) -> Cluster:
        """Open or close a cluster of any organization to its clients; only operators may.

        The owner is told the `reason`, which is expected unless `access` is full.
        """
        body = {"access": access, "reason": reason}
        request = management_put(INSTALLATION_PATH + path_of(cluster_id, "access"), body)
        return self._transport.decode(self._transport.send(request), Cluster)

    def delete(
        self,
        cluster_id: str,
        *,
        purge: bool = False,
        wait: bool = True,
        timeout_seconds: float = WAIT_SECONDS_DEFAULT,
    ) -> None:
        """Delete a cluster; it can be brought back until its `purge_at`, or never with `purge`."""
        query = _flags(purge=purge)
        response = self._send(Request("DELETE", PATH + path_of(cluster_id), query), wait=wait)
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

    def metrics(
        self,
        cluster_id: str,
        names: Sequence[MetricName] = (),
        *,
        start: date | datetime | None = None,
        end: date | datetime | None = None,
        step: StepSeconds | None = None,
    ) -> Metrics:
        """Return what the cluster measured from `start` up to `end`, the last hour unless said.

        All metrics unless `names` are given; steps of as many seconds as suit the range.
        """
        query = range_query(start, end, step, names)
        return self._transport.get(PATH + path_of(cluster_id, "metrics"), Metrics, query)

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

    def _change(
        self, cluster_id: str, verb: str, body: object, timeout_seconds: float | None
    ) -> Cluster:
        path = f"{PATH}{path_of(cluster_id)}:{verb}"
        request = management_post(path, body)
        response = self._send(request, wait=timeout_seconds is not None)
        return self._changed(response, timeout_seconds)

    def _send(self, request: Request, *, wait: bool) -> httpx2.Response:
        """Ask for a change; who wants to see its progress is answered before it is made."""
        if wait and self._operations.on_progress is not None:
            request = replace(request, headers={**request.headers, "Prefer": "respond-async"})
        return self._transport.send(request)

    def _changed(self, response: httpx2.Response, timeout_seconds: float | None) -> Cluster:
        if response.status_code != HTTPStatus.ACCEPTED:
            return self._transport.decode(response, Cluster)
        return self.get(self._finish(response, timeout_seconds))

    def _finish(self, response: httpx2.Response, timeout_seconds: float | None) -> str:
        operation = self._transport.decode(response, Operation)
        if timeout_seconds is not None:
            self._operations.wait(operation.id, timeout_seconds)
        return operation.resource_id


def _fork(
    name: str,
    plan: str | None,
    at: datetime | None,
    offsets: Mapping[tuple[str, int], int] | None,
    labels: Mapping[str, str] | None,
) -> dict[str, Any]:
    cuts = [
        {"topic": topic, "partition": partition, "offset": offset}
        for (topic, partition), offset in (offsets or {}).items()
    ]
    return _given(
        name=name,
        plan=plan,
        at=None if at is None else at.isoformat(),
        offsets=cuts or None,
        labels=None if labels is None else dict(labels),
    )


def _flags(**flags: bool) -> dict[str, str | int]:
    """Return the query that turns on what is true."""
    return {name: "true" for name, is_on in flags.items() if is_on}


def _changes_body(changes: ClusterChanges) -> dict[str, Any]:
    body = _upkeep_body(changes)
    certificates = changes.get("client_certificates")
    if certificates == "off":
        body["client_certificates"] = {"mode": "off"}
    elif certificates is not None:
        body["client_certificates"] = certificates.as_dict()
    issuer = changes.get("oauth_issuer")
    if issuer is not None:
        body["oauth_issuer"] = {"mode": "off"} if issuer == "off" else _issuer_body(issuer)
    return body


def _upkeep_body(changes: ClusterUpkeep) -> dict[str, Any]:
    body = _given(**changes)
    window = changes.get("maintenance_window")
    if isinstance(window, MaintenanceWindow):
        body["maintenance_window"] = window.as_dict()
    return body


def _issuer_body(issuer: OAuthIssuer) -> dict[str, Any]:
    body = _given(**issuer.as_dict())
    keys = body.pop("keys", None)
    return body if keys is None else {**body, "jwks": {"keys": keys}}


def _given(**fields: Any) -> dict[str, Any]:
    """Return the fields that were given."""
    return {name: value for name, value in fields.items() if value is not None}


def _update(
    cluster_id: str, body: Mapping[str, Any], query: Mapping[str, str | int] | None = None
) -> Request:
    return management_patch(PATH + path_of(cluster_id), body, query)
