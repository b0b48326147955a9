"""Topics of a cluster: every answer comes from the cluster, none is kept here."""

import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import replace
from typing import TypeVar

from confluent_kafka import KafkaError, KafkaException

from control_plane.kafka.admin import (
    ConfigEntry,
    ConfigSource,
    KafkaAdmin,
    NewPartitions,
    NewTopic,
    TopicDescription,
    topic_changes,
    topic_names,
    topic_resource,
)
from control_plane.kafka.admin_clients import AdminClients, Connection
from control_plane.kafka.answers import (
    REQUEST_SECONDS_MAX,
    answer,
    answer_unless,
    kafka_error,
    read,
)
from control_plane.kit.pagination import Page, PageRequest, paginate_names
from control_plane.topics.errors import (
    TopicNameInvalidError,
    TopicNameTakenError,
    TopicNotFoundError,
    TopicPartitionsDecreaseError,
)
from control_plane.topics.kafka_errors import REFUSALS, to_app_error
from control_plane.topics.names import NAME_LENGTH_MAX, is_topic_name
from control_plane.topics.topics import (
    ConfigValue,
    Topic,
    TopicChange,
    TopicSpec,
    fits,
    topic_id_text,
)

# One broker makes a change, and the others hear of it a moment later.
SPREAD_SECONDS_MAX = 10.0

_SPREAD_POLL_SECONDS = 0.02
_CLUSTER_DEFAULT = -1

ResultT = TypeVar("ResultT")


class TopicService:
    """Asks clusters about their topics, each time as the caller.

    Every method raises an `AppError`: the coded form of what the cluster answered, or
    `ClusterUnavailableError` when it does not answer in time.
    """

    def __init__(self, clients: AdminClients) -> None:
        self._clients = clients

    def list(self, connection: Connection, page: PageRequest) -> Page[Topic]:
        """Return topics in the order of their names, without configurations."""
        return self._read(connection, lambda client: _list(client, connection.cluster_id, page))

    def get(self, connection: Connection, name: str) -> Topic:
        """Return the topic with its whole configuration."""
        _require_possible(name)
        return self._read(connection, lambda client: _get(client, connection.cluster_id, name))

    def create(
        self, connection: Connection, spec: TopicSpec, *, may_be_done: bool = False
    ) -> Topic:
        """Make a topic and return it as the cluster made it.

        With `may_be_done` an earlier attempt may have made it: a topic that is as asked for is
        returned then, instead of TopicNameTakenError.
        """
        with self._clients.client(connection) as client:
            try:
                _create(client, spec, validate_only=False)
            except TopicNameTakenError:
                topic = _get(client, connection.cluster_id, spec.name) if may_be_done else None
                if topic is None or not fits(topic, spec):
                    raise
                return topic
            return _get_changed(client, connection, spec.name, spec.partitions)

    def check(self, connection: Connection, spec: TopicSpec) -> None:
        """Have the cluster check a topic without making it."""
        self._read(connection, lambda client: _create(client, spec, validate_only=True))

    def update(
        self, connection: Connection, name: str, change: TopicChange, *, validate_only: bool = False
    ) -> Topic:
        """Change the topic and return it; asking for what it has already is no change.

        The cluster checks all of it before any of it is made. With `validate_only` return the topic
        with the partitions it would have. Keys hash to other partitions once there are more.
        """
        topic = self.get(connection, name)
        partitions = change.partitions
        if partitions == topic.partitions:
            partitions = None
        if partitions is not None:
            _require_more(topic, partitions)
        with self._clients.client(connection) as client:
            for is_check in (True,) if validate_only else (True, False):
                _alter(client, name, change.configs, validate_only=is_check)
                _grow(client, name, partitions, validate_only=is_check)
            if validate_only:
                return replace(topic, partitions=partitions or topic.partitions)
            return _get_changed(client, connection, name, partitions)

    def delete(self, connection: Connection, name: str) -> None:
        """Delete the topic with all its records."""
        _require_possible(name)
        with self._clients.client(connection) as client:
            futures = client.delete_topics([name], request_timeout=REQUEST_SECONDS_MAX)
            _answer_about(name, futures[name])

    def _read(self, connection: Connection, ask: Callable[[KafkaAdmin], ResultT]) -> ResultT:
        return read(self._clients, connection, ask)


def _require_possible(name: str) -> None:
    if not is_topic_name(name):
        raise _not_found(name)


def _not_found(name: str) -> TopicNotFoundError:
    return TopicNotFoundError(
        f"this cluster has no topic {name[:NAME_LENGTH_MAX]!r}",
        advice="create the topic first, or list the topics of the cluster",
    )


def _require_more(topic: Topic, partitions: int) -> None:
    if partitions < topic.partitions:
        raise TopicPartitionsDecreaseError(
            f"the topic has {topic.partitions} partitions, which can not become {partitions}",
            advice="ask for more, or make another topic and move the records",
        )


def _create(client: KafkaAdmin, spec: TopicSpec, *, validate_only: bool) -> None:
    if not is_topic_name(spec.name):
        raise TopicNameInvalidError(
            f"a topic name has 1 to {NAME_LENGTH_MAX} letters, digits, '.', '_' or '-'",
            advice="'.' and '..' are no names either",
        )
    wanted = NewTopic(
        spec.name,
        num_partitions=_or_default(spec.partitions),
        replication_factor=_or_default(spec.replication_factor),
        config=dict(spec.configs),
    )
    futures = client.create_topics(
        [wanted], request_timeout=REQUEST_SECONDS_MAX, validate_only=validate_only
    )
    answer(futures[spec.name], REFUSALS)


def _alter(
    client: KafkaAdmin, name: str, changes: Mapping[str, str | None], *, validate_only: bool
) -> None:
    if not changes:
        return
    resource = topic_changes(name, changes)
    futures = client.incremental_alter_configs(
        [resource], request_timeout=REQUEST_SECONDS_MAX, validate_only=validate_only
    )
    _answer_about(name, futures[resource])


def _grow(client: KafkaAdmin, name: str, partitions: int | None, *, validate_only: bool) -> None:
    if partitions is None:
        return
    futures = client.create_partitions(
        [NewPartitions(name, partitions)],
        request_timeout=REQUEST_SECONDS_MAX,
        validate_only=validate_only,
    )
    _answer_about(name, futures[name])


def _or_default(number: int | None) -> int:
    return _CLUSTER_DEFAULT if number is None else number


def _names(client: KafkaAdmin) -> list[str]:
    try:
        return list(client.list_topics(timeout=REQUEST_SECONDS_MAX).topics)
    except KafkaException as error:
        raise to_app_error(kafka_error(error)) from error


def _list(client: KafkaAdmin, cluster_id: str, page: PageRequest) -> Page[Topic]:
    names = paginate_names(_names(client), str, page)
    topics = _described(client, cluster_id, names.items)
    found = [topics[name] for name in names.items if name in topics]
    return Page(found, names.next_page_token)


def _get(client: KafkaAdmin, cluster_id: str, name: str) -> Topic:
    resource = topic_resource(name)
    # Both are sent before either is waited for.
    descriptions = client.describe_topics(topic_names([name]), request_timeout=REQUEST_SECONDS_MAX)
    configs = client.describe_configs([resource], request_timeout=REQUEST_SECONDS_MAX)
    description = _answer_about(name, descriptions[name])
    return _topic(description, cluster_id, _answer_about(name, configs[resource]))


def _get_changed(
    client: KafkaAdmin, connection: Connection, name: str, partitions: int | None
) -> Topic:
    """Return a topic that was just made or grown, once the broker that is asked knows of it."""
    deadline = time.monotonic() + SPREAD_SECONDS_MAX
    while True:
        is_last = not connection.has_several_brokers or time.monotonic() > deadline
        try:
            topic = _get(client, connection.cluster_id, name)
        except TopicNotFoundError:
            if is_last:
                raise
        else:
            if is_last or partitions is None or topic.partitions >= partitions:
                return topic
        time.sleep(_SPREAD_POLL_SECONDS)


def _described(client: KafkaAdmin, cluster_id: str, names: Sequence[str]) -> dict[str, Topic]:
    if not names:
        return {}
    futures = client.describe_topics(topic_names(names), request_timeout=REQUEST_SECONDS_MAX)
    found: dict[str, Topic] = {}
    for name, future in futures.items():
        description = answer_unless(future, REFUSALS, KafkaError.UNKNOWN_TOPIC_OR_PART)
        if description is not None:
            found[name] = _topic(description, cluster_id, None)
    return found


def _answer_about(name: str, future: "Future[ResultT]") -> ResultT:
    try:
        return answer(future, REFUSALS)
    except TopicNotFoundError as error:
        raise _not_found(name) from error


def _topic(
    description: TopicDescription,
    cluster_id: str,
    entries: Mapping[str, ConfigEntry] | None,
) -> Topic:
    partitions = description.partitions
    return Topic(
        name=description.name,
        id=topic_id_text(str(description.topic_id)),
        cluster_id=cluster_id,
        partitions=len(partitions),
        replication_factor=max((len(one.replicas) for one in partitions), default=0),
        configs=None if entries is None else _configs(entries),
    )


def _configs(entries: Mapping[str, ConfigEntry]) -> dict[str, ConfigValue]:
    return {
        name: ConfigValue(
            value=entry.value,
            source=ConfigSource(entry.source).name.lower(),
            is_default=entry.is_default,
        )
        for name, entry in sorted(entries.items())
    }
