"""Consumer groups of a cluster: every answer comes from the cluster, none is kept here."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from confluent_kafka import KafkaError, TopicPartition

from control_plane.groups import offset_delete, reading
from control_plane.groups.errors import (
    REFUSALS,
    OffsetResetInvalidError,
    OffsetsNotFoundError,
    active,
    not_found,
)
from control_plane.groups.groups import Group, ListedGroup, PartitionName
from control_plane.groups.lag import (
    LagTotals,
    PartitionLag,
    PartitionTimes,
    partition_lags,
    to_look_up,
    totals,
    with_times,
)
from control_plane.groups.record_times import RecordTimes
from control_plane.groups.resets import (
    OffsetChange,
    Target,
    ToOffsets,
    TopicChoice,
    ToTime,
    plan_reset,
)
from control_plane.kafka.admin import ConsumerGroupTopicPartitions, KafkaAdmin
from control_plane.kafka.admin_clients import AdminClients, Connection
from control_plane.kafka.answers import REQUEST_SECONDS_MAX, answer, read
from control_plane.kafka.connection import BrokerConnections
from control_plane.kafka.wire import ApiKey
from control_plane.kit.pagination import Page, PageRequest, paginate_names

TIME_LOOKUPS_MAX = 100
RESET_PARTITIONS_MAX = 5_000
NAMED_CLIENTS_MAX = 5


@dataclass(frozen=True, slots=True)
class GroupLag:
    """How far a group is behind: over all of its partitions, and for a page of them."""

    totals: LagTotals
    partitions: Page[PartitionLag]


class GroupService:
    """Asks clusters about their groups, each time as the caller.

    Every method raises an `AppError`: the coded form of what the cluster answered, or
    `ClusterUnavailableError` when it does not answer in time.
    """

    def __init__(
        self, clients: AdminClients, brokers: BrokerConnections, record_times: RecordTimes
    ) -> None:
        self._clients = clients
        self._brokers = brokers
        self._record_times = record_times

    def list(
        self, connection: Connection, page: PageRequest, states: Sequence[str] = ()
    ) -> Page[ListedGroup]:
        """Return groups in the order of their ids, of the given states if any are given."""
        found = read(self._clients, connection, reading.read_groups)
        wanted = [group for group in found if not states or group.state in states]
        return paginate_names(wanted, lambda group: group.group_id, page)

    def get(self, connection: Connection, group_id: str) -> Group:
        """Return the group with its members; raise GroupNotFoundError."""
        return read(self._clients, connection, lambda client: reading.get_group(client, group_id))

    def lag(self, connection: Connection, group_id: str, page: PageRequest) -> GroupLag:
        """Return how far the group is behind; at most TIME_LOOKUPS_MAX times are looked up."""
        lags = read(self._clients, connection, lambda client: _lags(client, group_id))
        shown = paginate_names(lags, _key, page)
        wanted = to_look_up(lags, {one.name for one in shown.items}, TIME_LOOKUPS_MAX)
        times = self._times(connection, wanted)
        return GroupLag(
            totals(with_times(lags, times)),
            Page(with_times(shown.items, times), shown.next_page_token),
        )

    def reset(
        self,
        connection: Connection,
        group_id: str,
        target: Target,
        topics: Sequence[TopicChoice] | None,
        *,
        is_dry_run: bool = False,
    ) -> Sequence[OffsetChange]:
        """Move what the group has committed, in `topics` or wherever it has; return each change.

        Raises GroupActiveError while consumers are in the group. A group that is not there is made,
        if topics are named.
        """
        with self._clients.client(connection) as client:
            group = reading.find_group(client, group_id)
            if group is None and topics is None and not isinstance(target, ToOffsets):
                raise not_found(group_id)
            _require_no_members(group)
            changes = _plan(client, group_id, target, topics)
            if not is_dry_run:
                _commit(client, group_id, changes)
                self._forget(connection, group, changes)
        return changes

    def delete_offsets(
        self, connection: Connection, group_id: str, topic: str, *, is_dry_run: bool = False
    ) -> Sequence[OffsetChange]:
        """Delete what the group has committed in a topic; return each change.

        Raises OffsetsNotFoundError where that is nothing, GroupActiveError while a consumer of the
        group reads the topic.
        """
        with self._clients.client(connection) as client:
            group = reading.get_group(client, group_id)
            committed = reading.read_committed(client, group_id)
            names = [name for name in committed if name.topic == topic]
            if not names:
                raise OffsetsNotFoundError(
                    f"the group has committed no offset in topic {topic!r}",
                    advice="look at the group's offsets for the topics that it has some in",
                )
            _require_no_members(group)
            now = reading.read_offsets(client, committed, names)
            changes = plan_reset(ToOffsets(dict.fromkeys(names)), now, {})
        if not is_dry_run:
            self._forget(connection, group, changes)
        return changes

    def delete(self, connection: Connection, group_id: str) -> None:
        """Delete the group with its offsets; raise GroupActiveError while consumers are in it."""
        with self._clients.client(connection) as client:
            _require_no_members(reading.get_group(client, group_id))
            futures = client.delete_consumer_groups([group_id], request_timeout=REQUEST_SECONDS_MAX)
            answer(futures[group_id], REFUSALS)

    def _times(
        self, connection: Connection, wanted: Mapping[PartitionName, int]
    ) -> dict[PartitionName, PartitionTimes]:
        first = self._record_times.look_up(connection, wanted)
        newest = read(
            self._clients, connection, lambda client: reading.read_newest(client, sorted(first))
        )
        return {name: PartitionTimes(first[name], newest.get(name, first[name])) for name in first}

    def _forget(
        self, connection: Connection, group: Group | None, changes: Sequence[OffsetChange]
    ) -> None:
        gone = [one.name for one in changes if one.after is None]
        if not gone or group is None:  # a group that is not there has no offsets
            return
        body = offset_delete.request(group.group_id, gone)
        with self._brokers.open(connection, group.coordinator) as broker:
            refused = broker.ask(
                ApiKey.OFFSET_DELETE, offset_delete.VERSION, body, offset_delete.refusals
            )
        for code in refused.values():
            raise REFUSALS.to_app_error(KafkaError(code))


def _lags(client: KafkaAdmin, group_id: str) -> list[PartitionLag]:
    group = reading.get_group(client, group_id)
    committed = reading.read_committed(client, group_id)
    assigned = [name for member in group.members for name in member.partitions]
    offsets = reading.read_offsets(client, committed, [*committed, *assigned])
    return partition_lags(offsets, group.members)


def _plan(
    client: KafkaAdmin, group_id: str, target: Target, topics: Sequence[TopicChoice] | None
) -> list[OffsetChange]:
    committed = reading.read_committed(client, group_id)
    names = _chosen(client, committed, target, topics)
    if not names:
        raise OffsetsNotFoundError(
            "the group has committed no offset that could be reset",
            advice="name the topics whose offsets shall be set",
        )
    if len(names) > RESET_PARTITIONS_MAX:
        raise OffsetResetInvalidError(
            f"{len(names)} partitions are too many, {RESET_PARTITIONS_MAX} the most",
            advice="reset a few topics or partitions after the other",
        )
    offsets = reading.read_offsets(client, committed, names)
    found: Mapping[PartitionName, int | None] = {}
    if isinstance(target, ToTime):
        found = reading.read_first_since(client, names, int(target.at.timestamp() * 1000))
    return plan_reset(target, offsets, found)


def _chosen(
    client: KafkaAdmin,
    committed: Mapping[PartitionName, int],
    target: Target,
    topics: Sequence[TopicChoice] | None,
) -> list[PartitionName]:
    if isinstance(target, ToOffsets):
        return sorted(target.offsets)
    if topics is None:
        return sorted(committed)
    counts = reading.read_partitions(client, [choice.topic for choice in topics])
    chosen: set[PartitionName] = set()
    for choice in topics:
        there = range(counts[choice.topic])
        partitions = there if choice.partitions is None else choice.partitions
        for partition in partitions:
            if partition not in there:
                raise OffsetResetInvalidError(
                    f"topic {choice.topic!r} has {len(there)} partitions and no {partition}",
                    advice="name partitions from 0 on, or leave them out for all",
                )
            chosen.add(PartitionName(choice.topic, partition))
    return sorted(chosen)


def _require_no_members(group: Group | None) -> None:
    if group is None or not group.members:
        return
    clients = sorted({f"{one.client_id} at {one.host}" for one in group.members})
    words = ", ".join(clients[:NAMED_CLIENTS_MAX])
    if len(clients) > NAMED_CLIENTS_MAX:
        words += ", ..."
    raise active(group.group_id, len(group.members), words)


def _commit(client: KafkaAdmin, group_id: str, changes: Sequence[OffsetChange]) -> None:
    wanted = [TopicPartition(*one.name, one.after) for one in changes if one.after is not None]
    if not wanted:
        return
    futures = client.alter_consumer_group_offsets(
        [ConsumerGroupTopicPartitions(group_id, wanted)], request_timeout=REQUEST_SECONDS_MAX
    )
    for one in answer(futures[group_id], REFUSALS).topic_partitions or []:
        if one.error is not None:
            raise REFUSALS.to_app_error(one.error)


def _key(lag: PartitionLag) -> str:
    # A slash is in no topic's name.
    return f"{lag.name.topic}/{lag.name.partition:010d}"
