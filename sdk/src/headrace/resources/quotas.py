"""Client quotas of a cluster: rates that clients may reach."""

from collections.abc import Iterator, Mapping

from headrace.models import ClientQuota, Page
from headrace.pagination import iterate
from headrace.transport import (
    Query,
    Request,
    Transport,
    dry_run_flag,
    management_patch,
    path_of,
)

Entity = Mapping[str, str | None]
"""Whom a quota is for: names of ``user``, ``client-id`` or ``ip``; None is the default."""


class Quotas:
    """What `client.quotas` does."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def list(self, cluster_id: str, entity: Entity | None = None) -> Iterator[ClientQuota]:
        """Yield quotas, of entities that have such parts."""
        return iterate(self._transport, _path(cluster_id), Page[ClientQuota], _query(entity or {}))

    def set(
        self,
        cluster_id: str,
        entity: Entity,
        rates: Mapping[str, float | None],
        *,
        dry_run: bool = False,
    ) -> ClientQuota:
        """Set rates of an entity, None takes one away; return what it has then.

        Such as ``set(cluster, {"user": "importer"}, {"producer_byte_rate": 1_048_576})``.
        """
        parts = [{"type": kind, "name": name} for kind, name in entity.items()]
        body = {"entity": parts, "rates": dict(rates)}
        request = management_patch(_path(cluster_id), body, dry_run_flag(dry_run=dry_run))
        return self._transport.decode(self._transport.send(request), ClientQuota)

    def delete(self, cluster_id: str, entity: Entity, *, dry_run: bool = False) -> ClientQuota:
        """Take every rate of an entity away; return what it had."""
        query: Query = {**_query(entity), **dry_run_flag(dry_run=dry_run)}
        request = Request("DELETE", _path(cluster_id), query)
        return self._transport.decode(self._transport.send(request), ClientQuota)


def _query(entity: Entity) -> dict[str, str]:
    names = {kind.replace("-", "_"): name for kind, name in entity.items()}
    return {
        f"default_{kind}" if name is None else kind: "true" if name is None else name
        for kind, name in names.items()
    }


def _path(cluster_id: str) -> str:
    return "/v1" + path_of("clusters", cluster_id, "quotas")
