"""Consumer groups of a cluster."""

from collections.abc import Iterator, Mapping
from datetime import date, datetime
from typing import Any

from headrace.metrics import Metrics, StepSeconds, range_query
from headrace.models import Group, GroupLag, GroupMembers, OffsetReset, Page, PartitionLag
from headrace.pagination import iterate
from headrace.transport import Query, Request, Transport, dry_run_flag, management_post, path_of

PAGE_SIZE = 100


class Groups:
    """What `client.groups` does."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def list(self, cluster_id: str, state: str | None = None) -> Iterator[Group]:
        """Yield groups in the order of their ids, of one state if it is given."""
        query: Query = {} if state is None else {"state": state}
        return iterate(self._transport, _path(cluster_id), Page[Group], query)

    def get(self, cluster_id: str, group_id: str) -> GroupMembers:
        """Return a group with its members and what they read."""
        return self._transport.get(_path(cluster_id, group_id), GroupMembers)

    def lag(self, cluster_id: str, group_id: str) -> GroupLag:
        """Return how far a group is behind, in all and in its first 100 partitions."""
        path = _path(cluster_id, group_id) + "/offsets"
        return self._transport.get(path, GroupLag, {"page_size": PAGE_SIZE})

    def offsets(self, cluster_id: str, group_id: str) -> Iterator[PartitionLag]:
        """Yield how far a group is behind, by partition."""
        path = _path(cluster_id, group_id) + "/offsets"
        return iterate(self._transport, path, Page[PartitionLag])

    def metrics(
        self,
        cluster_id: str,
        group_id: str,
        *,
        start: date | datetime | None = None,
        end: date | datetime | None = None,
        step: StepSeconds | None = None,
    ) -> Metrics:
        """Return how far a group was behind from `start` up to `end`, the last hour unless said."""
        path = _path(cluster_id, group_id) + "/metrics"
        return self._transport.get(path, Metrics, range_query(start, end, step))

    def reset(
        self, cluster_id: str, group_id: str, body: Mapping[str, Any], *, dry_run: bool = False
    ) -> OffsetReset:
        """Move what a group has committed; `undo` of the answer is the body that moves it back.

        `body` is that of `POST /v1/clusters/{id}/groups/{group}:reset`, such as
        ``{"to": "earliest"}`` or ``{"to": "shift", "by": -100, "topics": [{"topic": "orders"}]}``.
        Raises ConflictError while consumers are in the group.
        """
        path = f"{_path(cluster_id, group_id)}:reset"
        request = management_post(path, dict(body), dry_run_flag(dry_run=dry_run))
        return self._transport.decode(self._transport.send(request), OffsetReset)

    def delete_offsets(
        self, cluster_id: str, group_id: str, topic: str, *, dry_run: bool = False
    ) -> OffsetReset:
        """Delete what a group has committed in a topic; `undo` of the answer brings it back."""
        path = f"{_path(cluster_id, group_id)}/offsets"
        query = {"topic": topic, **dry_run_flag(dry_run=dry_run)}
        request = Request("DELETE", path, query)
        return self._transport.decode(self._transport.send(request), OffsetReset)

    def delete(self, cluster_id: str, group_id: str) -> None:
        """Delete a group with its offsets."""
        self._transport.send(Request("DELETE", _path(cluster_id, group_id)))


def _path(cluster_id: str, *group_id: str) -> str:
    return "/v1" + path_of("clusters", cluster_id, "groups", *group_id)
