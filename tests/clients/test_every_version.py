"""Every version of every API that the broker offers is answered, as kafka-python's codec reads it.

Clients use a few versions each; the others are only ever met by somebody else's client.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, cast
from uuid import UUID

import pytest
from kafka.protocol import admin, consumer, metadata, producer
from kafka.record import MemoryRecordsBuilder

from tests.bad_input.wire import ApiRange, Wire, api_versions, authenticated, connect
from tests.fixtures.kafka_access import KafkaCluster

pytestmark = pytest.mark.xdist_group("clients-versions")

NO_ID: Final = UUID(int=0)
SASL_KEYS: Final = {17, 36}
"""Spoken by every connection of every test."""

SUCCESS: Final = 0
UNKNOWN_TOPIC: Final = 3
INCONSISTENT_PROTOCOL: Final = 23
UNKNOWN_MEMBER: Final = 25
GROUP_NOT_FOUND: Final = 69
MEMBER_ID_REQUIRED: Final = 79

TOPIC_RESOURCE: Final = 2
BROKER_RESOURCE: Final = 4


@dataclass(frozen=True, kw_only=True)
class Topic:
    """What requests speak about."""

    name: str
    id: UUID


Fields = dict[str, Any]
Build = Callable[[Any, int, Topic], Fields]


@dataclass(frozen=True, kw_only=True)
class Api:
    """How an API is asked, and the error codes that its answer may hold."""

    request: Any
    response: Any
    build: Build
    codes: frozenset[int] = frozenset({SUCCESS})


def produce(request: Any, version: int, topic: Topic) -> Fields:
    builder = MemoryRecordsBuilder(magic=2, compression_type=0, batch_size=1_000)
    builder.append(None, b"key", b"value")
    builder.close()
    data = request.TopicProduceData
    part = data.PartitionProduceData(index=0, records=bytes(builder.buffer()), version=version)
    row = data(name=topic.name, topic_id=topic.id, partition_data=[part], version=version)
    return {"acks": -1, "timeout_ms": 1_000, "topic_data": [row]}


def fetch(request: Any, version: int, topic: Topic) -> Fields:
    row = request.FetchTopic
    part = row.FetchPartition(
        partition=0,
        fetch_offset=0,
        partition_max_bytes=10_000,
        current_leader_epoch=-1,
        version=version,
    )
    return {
        "max_bytes": 100_000,
        "session_epoch": -1,
        "topics": [row(topic=topic.name, topic_id=topic.id, partitions=[part], version=version)],
    }


def list_offsets(request: Any, version: int, topic: Topic) -> Fields:
    row = request.ListOffsetsTopic
    parts = [
        row.ListOffsetsPartition(
            partition_index=0, timestamp=time, current_leader_epoch=-1, version=version
        )
        for time in (-1, -2, 5)
    ]
    return {"replica_id": -1, "topics": [row(name=topic.name, partitions=parts, version=version)]}


def describe_topic(request: Any, version: int, topic: Topic) -> Fields:
    row = request.MetadataRequestTopic(name=topic.name, topic_id=NO_ID, version=version)
    return {"topics": [row], "allow_auto_topic_creation": False}


def commit(request: Any, version: int, topic: Topic) -> Fields:
    row = request.OffsetCommitRequestTopic
    part = row.OffsetCommitRequestPartition(
        partition_index=0,
        committed_offset=7,
        committed_leader_epoch=-1,
        committed_metadata="note",
        version=version,
    )
    topics = [row(name=topic.name, topic_id=topic.id, partitions=[part], version=version)]
    return {"group_id": "versions", "generation_id_or_member_epoch": -1, "topics": topics}


def fetch_commit(request: Any, version: int, topic: Topic) -> Fields:
    fields = {"name": topic.name, "partition_indexes": [0, 1], "version": version}
    if version < 8:
        return {"group_id": "versions", "topics": [request.OffsetFetchRequestTopic(**fields)]}
    group = request.OffsetFetchRequestGroup
    row = group.OffsetFetchRequestTopics(topic_id=topic.id, **fields)
    return {"groups": [group(group_id="versions", topics=[row], version=version)]}


def join(request: Any, version: int, _topic: Topic) -> Fields:
    protocol = request.JoinGroupRequestProtocol(name="range", metadata=b"", version=version)
    return {
        "group_id": f"versions-{version}",
        "session_timeout_ms": 6_000,
        "rebalance_timeout_ms": 6_000,
        "protocol_type": "consumer",
        "protocols": [protocol],
    }


def member(_request: Any, _version: int, _topic: Topic) -> Fields:
    return {"group_id": "versions", "generation_id": 1, "member_id": "nobody"}


def leave(request: Any, version: int, _topic: Topic) -> Fields:
    if version < 3:
        return {"group_id": "versions", "member_id": "nobody"}
    leaving = request.MemberIdentity(member_id="nobody", version=version)
    return {"group_id": "versions", "members": [leaving]}


def coordinator(_request: Any, _version: int, _topic: Topic) -> Fields:
    return {"key": "versions", "key_type": 0, "coordinator_keys": ["versions"]}


def create_topics(request: Any, version: int, topic: Topic) -> Fields:
    row = request.CreatableTopic(
        name=f"{topic.name}-{version}", num_partitions=1, replication_factor=1, version=version
    )
    return {"topics": [row], "timeout_ms": 1_000}


def delete_topics(request: Any, version: int, topic: Topic) -> Fields:
    absent = f"{topic.name}-absent"
    if version < 6:
        return {"timeout_ms": 1_000, "topic_names": [absent]}
    return {"timeout_ms": 1_000, "topics": [request.DeleteTopicState(name=absent, version=version)]}


def create_partitions(request: Any, version: int, topic: Topic) -> Fields:
    row = request.CreatePartitionsTopic(
        name=topic.name, count=10 + version, assignments=None, version=version
    )
    return {"topics": [row], "timeout_ms": 1_000}


def describe_configs(request: Any, version: int, topic: Topic) -> Fields:
    rows = [
        request.DescribeConfigsResource(
            resource_type=kind, resource_name=name, configuration_keys=None, version=version
        )
        for kind, name in ((TOPIC_RESOURCE, topic.name), (BROKER_RESOURCE, "1"))
    ]
    return {"resources": rows, "include_synonyms": True, "include_documentation": True}


def producer_id(_request: Any, _version: int, _topic: Topic) -> Fields:
    return {
        "transactional_id": None,
        "transaction_timeout_ms": 1_000,
        "producer_id": -1,
        "producer_epoch": -1,
    }


def software(_request: Any, version: int, _topic: Topic) -> Fields:
    named = {"client_software_name": "tests", "client_software_version": "1"}
    return named if version >= 3 else {}


def nothing(_request: Any, _version: int, _topic: Topic) -> Fields:
    return {}


def groups(_request: Any, _version: int, _topic: Topic) -> Fields:
    return {"groups": ["versions"]}


def absent_groups(_request: Any, _version: int, _topic: Topic) -> Fields:
    return {"groups_names": ["versions-absent"]}


def api(module: Any, name: str, build: Build, *codes: int) -> Api:
    return Api(
        request=getattr(module, f"{name}Request"),
        response=getattr(module, f"{name}Response"),
        build=build,
        codes=frozenset(codes or {SUCCESS}),
    )


APIS: Final[Mapping[int, Api]] = {
    one.request.API_KEY: one
    for one in (
        api(producer, "Produce", produce),
        api(producer, "InitProducerId", producer_id),
        api(consumer, "Fetch", fetch),
        api(consumer, "ListOffsets", list_offsets),
        api(consumer, "OffsetCommit", commit),
        api(consumer, "OffsetFetch", fetch_commit),
        api(consumer, "JoinGroup", join, SUCCESS, MEMBER_ID_REQUIRED),
        api(consumer, "SyncGroup", member, UNKNOWN_MEMBER, INCONSISTENT_PROTOCOL),
        api(consumer, "Heartbeat", member, UNKNOWN_MEMBER),
        api(consumer, "LeaveGroup", leave, SUCCESS, UNKNOWN_MEMBER),
        api(metadata, "ApiVersions", software),
        api(metadata, "FindCoordinator", coordinator),
        api(metadata, "Metadata", describe_topic),
        api(admin, "CreatePartitions", create_partitions),
        api(admin, "CreateTopics", create_topics),
        api(admin, "DeleteGroups", absent_groups, GROUP_NOT_FOUND),
        api(admin, "DeleteTopics", delete_topics, UNKNOWN_TOPIC),
        api(admin, "DescribeCluster", nothing),
        api(admin, "DescribeConfigs", describe_configs),
        api(admin, "DescribeGroups", groups, SUCCESS, GROUP_NOT_FOUND),
        api(admin, "ListGroups", nothing),
    )
}


def test_every_version_that_is_offered_is_answered(kafka_cluster: KafkaCluster) -> None:
    access = kafka_cluster.access("SASL_PLAINTEXT")
    name = kafka_cluster.topic("versions", 2)
    with connect(access) as wire:
        offered = api_versions(wire)
    with authenticated(access) as wire:
        topic = Topic(name=name, id=topic_id(wire, name))
    assert {one.key for one in offered} == APIS.keys() | SASL_KEYS

    for one in offered:
        for version in versions(one):
            with authenticated(access) as wire:
                answer = ask(wire, APIS[one.key], version, topic)
            found = set(error_codes(answer))
            assert found <= APIS[one.key].codes, (one, version, answer)
            assert found or one.key == metadata.MetadataRequest.API_KEY, (one, version)


def versions(offered: ApiRange) -> range:
    """The versions to ask for; Produce before 3 is only said to be offered (KAFKA-18659)."""
    if offered.key in SASL_KEYS:
        return range(0)
    first = 3 if offered.key == producer.ProduceRequest.API_KEY else offered.first
    return range(first, offered.last + 1)


def topic_id(wire: Wire, name: str) -> UUID:
    (row,) = ask(wire, APIS[metadata.MetadataRequest.API_KEY], 12, Topic(name=name, id=NO_ID))[
        "topics"
    ]
    return UUID(row["topic_id"])


def ask(wire: Wire, asked: Api, version: int, topic: Topic) -> dict[str, Any]:
    """Encode, send, decode; the answer as plain values."""
    request = asked.request(version=version, **asked.build(asked.request, version, topic))
    request.with_header(correlation_id=version)
    wire.send(bytes(request.encode(version=version, header=True, framed=True)))
    answer = asked.response.decode(wire.read_frame(), version=version, header=True)
    assert answer.header.correlation_id == version
    plain: dict[str, Any] = answer.to_dict()
    return plain


def error_codes(value: object) -> Iterator[int]:
    """Every error code in an answer, at any depth."""
    if isinstance(value, list):
        for item in cast("list[object]", value):
            yield from error_codes(item)
    elif isinstance(value, dict):
        for name, item in cast("dict[str, object]", value).items():
            if name == "error_code" and isinstance(item, int):
                yield item
            yield from error_codes(item)
