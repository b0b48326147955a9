"""What a topic is, as the cluster itself tells it."""

from collections.abc import Mapping
from dataclasses import dataclass

_URL_SAFE = str.maketrans("+/", "-_")


@dataclass(frozen=True, slots=True)
class ConfigValue:
    """One configuration entry: its value, where that comes from, whether nobody set it."""

    value: str | None
    source: str
    is_default: bool


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic; `configs` is None where it was not asked for."""

    name: str
    id: str
    cluster_id: str
    partitions: int
    replication_factor: int
    configs: Mapping[str, ConfigValue] | None = None


@dataclass(frozen=True, slots=True)
class TopicSpec:
    """A topic to be made; None leaves a number to the cluster's own default."""

    name: str
    partitions: int | None
    replication_factor: int | None
    configs: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class TopicChange:
    """What shall change of a topic: None leaves the partitions, a None entry is its default."""

    partitions: int | None
    configs: Mapping[str, str | None]


def topic_id_text(librdkafkas: str) -> str:
    """Return a topic id as Kafka's own tools write it (Uuid.toString): URL-safe base64."""
    return librdkafkas.translate(_URL_SAFE)


def fits(topic: Topic, spec: TopicSpec) -> bool:
    """Whether `topic`, with its configuration, is one that `spec` asked for."""
    configs = topic.configs or {}
    return (
        topic.name == spec.name
        and spec.partitions in (None, topic.partitions)
        and spec.replication_factor in (None, topic.replication_factor)
        and all(
            name in configs and configs[name].value == value for name, value in spec.configs.items()
        )
    )
