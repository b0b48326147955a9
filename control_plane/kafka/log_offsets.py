"""First, last and other offsets of partitions, asked of a cluster for many at once."""

from collections.abc import Iterable

from confluent_kafka import KafkaError

from control_plane.kafka.admin import KafkaAdmin, ListOffsetsResultInfo, OffsetSpec, TopicPartition
from control_plane.kafka.answers import REQUEST_SECONDS_MAX, answer_unless
from control_plane.kafka.errors import Refusals

# librdkafka's own codes for what the cluster's metadata does not know (rdkafka.h).
_UNKNOWN_TOPIC = -188
_UNKNOWN_PARTITION = -190


def _known(spec: OffsetSpec | None) -> OffsetSpec:
    assert spec is not None, "confluent_kafka makes them when it is imported"
    return spec


EARLIEST = _known(OffsetSpec.earliest())
LATEST = _known(OffsetSpec.latest())
NEWEST = _known(OffsetSpec.max_timestamp())

_GONE = (KafkaError.UNKNOWN_TOPIC_OR_PART, _UNKNOWN_TOPIC, _UNKNOWN_PARTITION)


def list_offsets(
    client: KafkaAdmin,
    names: Iterable[tuple[str, int]],
    spec: OffsetSpec,
    refusals: Refusals,
) -> dict[tuple[str, int], ListOffsetsResultInfo | None]:
    """Return what `spec` finds in each partition, None for one that the cluster does not have."""
    wanted = {TopicPartition(topic, partition): spec for topic, partition in names}
    if not wanted:
        return {}
    futures = client.list_offsets(wanted, request_timeout=REQUEST_SECONDS_MAX)
    return {
        (place.topic, place.partition): answer_unless(future, refusals, *_GONE)
        for place, future in futures.items()
    }
