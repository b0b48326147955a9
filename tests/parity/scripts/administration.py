"""What administrators ask of topics, their settings and their partitions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from tests.fixtures.kafka_requests import NO_ID
from tests.parity.conversations import Api, Step
from tests.parity.scripts.apis import (
    ALTER,
    CREATE,
    DELETE_TOPICS,
    DESCRIBE,
    ELECT,
    EPOCHS,
    GROUPS,
    GROW,
    INCREMENTAL,
    LOG_DIRS,
    OFFSET_DELETE,
    PARTITIONS,
    PRODUCERS,
    REASSIGNMENTS,
    RECORDS,
    RESOURCES,
)
from tests.parity.sides import Side

TOPIC = 2
BROKER = 4
METRICS = 16
GROUP = 32
SET, DELETE, APPEND, SUBTRACT = range(4)

NAME = "parity"
ABSENT = "absent"


def created(label: str, name: str, **fields: Any) -> Step:
    """A topic to make; in each version one of another name, unless it begins with "="."""

    def body(version: int) -> dict[str, Any]:
        row: dict[str, Any] = {
            "name": name.removeprefix("=") if name.startswith("=") else f"{name}-{version}",
            "num_partitions": 1,
            "replication_factor": 1,
            "assignments": [],
            "configs": [],
        }
        return {"topics": [row | fields], "timeout_ms": 10_000, "validate_only": False}

    return Step(label=f"create {label}", api=CREATE, fields=body)


def assigned(*rows: tuple[int, list[int]], **fields: Any) -> dict[str, Any]:
    assignments = [{"partition_index": index, "broker_ids": brokers} for index, brokers in rows]
    return {"num_partitions": -1, "replication_factor": -1, "assignments": assignments, **fields}


def altered(label: str, *configs: tuple[str, int, str | None], **resource: Any) -> Step:
    rows = [
        {"name": name, "config_operation": operation, "value": value}
        for name, operation, value in configs
    ]
    one = {"resource_type": TOPIC, "resource_name": NAME, "configs": rows} | resource
    return Step(
        label=f"alter {label}",
        api=INCREMENTAL,
        fields=lambda _: {"resources": [one], "validate_only": False},
    )


def replaced(label: str, configs: Mapping[str, str | None], **resource: Any) -> Step:
    rows = [{"name": name, "value": value} for name, value in configs.items()]
    one = {"resource_type": TOPIC, "resource_name": NAME, "configs": rows} | resource
    return Step(
        label=f"replace {label}",
        api=ALTER,
        fields=lambda _: {"resources": [one], "validate_only": False},
    )


def described(label: str, kind: int, name: str, keys: list[str] | None) -> Step:
    resource = {"resource_type": kind, "resource_name": name, "configuration_keys": keys}
    return Step(
        label=f"describe {label}",
        api=DESCRIBE,
        fields=lambda _: {"resources": [resource], "include_synonyms": True},
    )


def grown(label: str, count: int, **fields: Any) -> Step:
    """More partitions, which are only checked."""
    row = {"name": NAME, "count": count, "assignments": None} | fields
    return asked(f"grow {label}", GROW, topics=[row], timeout_ms=10_000, validate_only=True)


def asked(label: str, api: Api, since: int = 0, **fields: Any) -> Step:
    return Step(label=label, api=api, fields=lambda _: fields, since=since)


STEPS: Final = [
    created("plain", f"={NAME}", num_partitions=3),
    created("another", "plain", configs=[{"name": "retention.ms", "value": "5"}]),
    created("by defaults", "defaults", num_partitions=-1, replication_factor=-1),
    created("by hand", "by-hand", **assigned((1, [1]), (0, [1]))),
    created("by hand with a gap", "gap", **assigned((0, [1]), (2, [1]))),
    created("by hand elsewhere", "elsewhere", **assigned((0, [2]))),
    created("by hand twice", "twice", **assigned((0, [1, 1]))),
    created("by hand and by count", "both", **assigned((0, [1]), num_partitions=1)),
    created("with too many replicas", "replicas", replication_factor=3),
    created("without partitions", "none", num_partitions=0),
    created("under a bad name", "=a b"),
    created("with a bad value", "bad", configs=[{"name": "retention.ms", "value": "soon"}]),
    created("with a setting nobody has", "odd", configs=[{"name": "no.such", "value": "1"}]),
    altered("one", ("retention.ms", SET, "60000")),
    altered("back", ("retention.ms", DELETE, None)),
    altered("several", ("retention.ms", SET, "7000"), ("segment.ms", SET, "9000")),
    altered("by appending what is there", ("cleanup.policy", APPEND, "delete")),
    altered("by appending to a number", ("retention.ms", APPEND, "1")),
    altered("by subtracting from a number", ("retention.ms", SUBTRACT, "1")),
    altered("by an unknown operation", ("retention.ms", 9, "1")),
    altered("without a value", ("retention.ms", SET, None)),
    altered("twice", ("retention.ms", SET, "1"), ("retention.ms", SET, "2")),
    altered("to a bad value", ("retention.ms", SET, "soon")),
    altered("to a value out of range", ("segment.bytes", SET, "1")),
    altered("what nobody has", ("no.such", SET, "1")),
    altered("of no topic", ("retention.ms", SET, "1"), resource_name=ABSENT),
    altered("of a bad name", ("retention.ms", SET, "1"), resource_name="a b"),
    altered("of an unknown type", ("retention.ms", SET, "1"), resource_type=77),
    altered(
        "of another broker", ("log.retention.ms", SET, "1"), resource_type=BROKER, resource_name="7"
    ),
    altered("of the broker", ("broker.id", SET, "1"), resource_type=BROKER, resource_name="1"),
    described("after changes", TOPIC, NAME, None),
    replaced("all", {"max.message.bytes": "2000"}),
    replaced("with a bad value", {"max.message.bytes": "many"}),
    replaced("without a value", {"max.message.bytes": None}),
    replaced("of no topic", {"max.message.bytes": "2000"}, resource_name=ABSENT),
    described("after replacing", TOPIC, NAME, None),
    described("no topic", TOPIC, ABSENT, None),
    described("another broker", BROKER, "7", None),
    described("the broker", BROKER, "1", ["log.retention.bytes", "log.segment.bytes"]),
    asked("resources of clients", RESOURCES, resource_types=[METRICS], since=1),
    asked("resources of an unknown type", RESOURCES, resource_types=[77], since=1),
    asked("the broker as a resource", RESOURCES, resource_types=[BROKER], since=1),
    asked(
        "partitions",
        PARTITIONS,
        topics=[{"name": NAME}, {"name": ABSENT}],
        response_partition_limit=100,
        cursor=None,
    ),
    asked(
        "two partitions",
        PARTITIONS,
        topics=[{"name": NAME}, {"name": ABSENT}],
        response_partition_limit=2,
        cursor=None,
    ),
    asked(
        "the rest",
        PARTITIONS,
        topics=[{"name": NAME}, {"name": ABSENT}],
        response_partition_limit=2,
        cursor={"topic_name": NAME, "partition_index": 2},
    ),
    asked(
        "producers",
        PRODUCERS,
        topics=[
            {"name": NAME, "partition_indexes": [0, 9]},
            {"name": ABSENT, "partition_indexes": [0]},
        ],
    ),
    asked(
        "sizes",
        LOG_DIRS,
        topics=[{"topic": NAME, "partitions": [0, 9]}, {"topic": ABSENT, "partitions": [0]}],
    ),
    asked(
        "a preferred election",
        ELECT,
        election_type=0,
        topic_partitions=[
            {"topic": NAME, "partitions": [0, 9]},
            {"topic": ABSENT, "partitions": [0]},
        ],
        timeout_ms=10_000,
    ),
    asked(
        "an unclean election",
        ELECT,
        since=1,
        election_type=1,
        topic_partitions=[{"topic": NAME, "partitions": [0]}],
        timeout_ms=10_000,
    ),
    asked("reassignments", REASSIGNMENTS, timeout_ms=10_000, topics=None),
    asked(
        "epochs",
        EPOCHS,
        replica_id=-1,
        topics=[
            {
                "topic": NAME,
                "partitions": [
                    {"partition": 0, "current_leader_epoch": -1, "leader_epoch": epoch}
                    for epoch in (0, 5, -1)
                ],
            }
        ],
    ),
    asked(
        "a stale and a future epoch",
        EPOCHS,
        replica_id=-1,
        topics=[
            {
                "topic": name,
                "partitions": [
                    {"partition": index, "current_leader_epoch": current, "leader_epoch": 0}
                ],
            }
            for name, index, current in ((NAME, 1, 0), (NAME, 2, 9), (NAME, 9, 0), (ABSENT, 0, 0))
        ],
    ),
    asked(
        "records to delete",
        RECORDS,
        topics=[
            {
                "name": NAME,
                "partitions": [
                    {"partition_index": index, "offset": offset}
                    for index, offset in ((0, -1), (1, 7), (2, -2), (9, 0))
                ],
            },
            {"name": ABSENT, "partitions": [{"partition_index": 0, "offset": 0}]},
        ],
        timeout_ms=10_000,
    ),
    altered("to no cleanup at all", ("cleanup.policy", SET, "")),
    asked(
        "records to delete without a cleanup policy",
        RECORDS,
        topics=[{"name": NAME, "partitions": [{"partition_index": 0, "offset": -1}]}],
        timeout_ms=10_000,
    ),
    described("without a cleanup policy", TOPIC, NAME, ["cleanup.policy"]),
    described("a group", GROUP, "any", None),
    described("a group without a name", GROUP, "", None),
    described("a subscription to metrics", METRICS, "any", None),
    described("a subscription without a name", METRICS, "", None),
    created("without a value", "no-value", configs=[{"name": "retention.ms", "value": None}]),
    asked(
        "offsets of no group",
        OFFSET_DELETE,
        group_id=ABSENT,
        topics=[{"name": NAME, "partitions": [{"partition_index": 0}]}],
    ),
    grown("to fewer", 2),
    grown("to as many", 3),
    grown("to none", 0),
    grown("of no topic", 5, name=ABSENT),
    grown("by hand elsewhere", 4, assignments=[{"broker_ids": [2]}]),
    grown("by hand for too few", 5, assignments=[{"broker_ids": [1]}]),
    grown("by hand", 4, assignments=[{"broker_ids": [1]}]),
    Step(
        label="topics to delete",
        api=DELETE_TOPICS,
        fields=lambda version: (
            (
                {
                    "topics": [
                        {"name": name, "topic_id": NO_ID} for name in (f"plain-{version}", ABSENT)
                    ]
                }
                if version >= 6
                else {"topic_names": [ABSENT, f"plain-{max(version, 3)}"]}
            )
            | {"timeout_ms": 10_000}
        ),
    ),
    asked(
        "topics to delete by name",
        DELETE_TOPICS,
        since=6,
        topics=[{"name": ABSENT, "topic_id": NO_ID}, {"name": "plain-2", "topic_id": NO_ID}],
        timeout_ms=10_000,
    ),
    asked(
        "topics to delete by id",
        DELETE_TOPICS,
        since=6,
        topics=[{"name": None, "topic_id": UUID(int=7)}],
        timeout_ms=10_000,
    ),
    asked("groups in a state", GROUPS, since=4, states_filter=["Empty"]),
    asked("groups of a type", GROUPS, since=5, states_filter=[], types_filter=["classic"]),
    asked("groups in an unknown state", GROUPS, since=4, states_filter=["Odd"]),
]

DEFAULTS: Final = (
    "defaults of times are in milliseconds; Apache Kafka's are in hours, and are no synonyms"
)

EXPLAINED: Final[Mapping[str, str]] = {
    "describe after changes": DEFAULTS,
    "describe after replacing": DEFAULTS,
    "alter by an unknown operation": "a bad request is no failure of the server",
    "describe a group": "groups have no settings of their own; the broker's hold for all of them",
    "describe a subscription to metrics": "clients send no metrics here, so that none has settings",
    "describe the broker": "read_only: settings of the broker are its configuration file's",
}
"""Steps that are answered otherwise, with the reason."""


def converse(side: Side) -> None:
    """Every step in every version of its API."""
    for step in STEPS:
        for version in side.each(step.api, step.since):
            side.ask(step.label, step.api, version, **step.fields(version))
