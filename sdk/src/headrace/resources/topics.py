"""Topics of a cluster."""

from collections.abc import Iterator, Mapping

from headrace.models import Page, Topic
from headrace.pagination import iterate
from headrace.transport import Request, Transport, path_of


class Topics:
    """What `client.topics` does."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def create(
        self,
        cluster_id: str,
        name: str,
        partitions: int | None = None,
        configs: Mapping[str, str] | None = None,
        replication_factor: int | None = None,
    ) -> Topic:
        """Create a topic; what is left out is the cluster's default."""
        body: dict[str, object] = {"name": name, "configs": dict(configs or {})}
        if partitions is not None:
            body["partitions"] = partitions
        if replication_factor is not None:
            body["replication_factor"] = replication_factor
        return self._transport.post(_path(cluster_id), body, Topic)

    def list(self, cluster_id: str) -> Iterator[Topic]:
        """Yield topics in the order of their names, without configurations."""
        return iterate(self._transport, _path(cluster_id), Page[Topic])

    def get(self, cluster_id: str, name: str) -> Topic:
        return self._transport.get(_path(cluster_id, name), Topic)

    def update(
        self,
        cluster_id: str,
        name: str,
        partitions: int | None = None,
        configs: Mapping[str, str | None] | None = None,
    ) -> Topic:
        """Change a topic; what is left out stays.

        `partitions` is the whole number, never less than now; None as the value of a configuration
        entry puts it back to its default.
        """
        body: dict[str, object] = {"configs": dict(configs or {})}
        if partitions is not None:
            body["partitions"] = partitions
        return self._transport.patch(_path(cluster_id, name), body, Topic)

    def delete(self, cluster_id: str, name: str) -> None:
        """Delete a topic with all its records."""
        self._transport.send(Request("DELETE", _path(cluster_id, name)))


def _path(cluster_id: str, *name: str) -> str:
    return "/v1" + path_of("clusters", cluster_id, "topics", *name)
