"""The cluster: what it offers, who it is, who votes, what it can do, where partitions are."""

from __future__ import annotations

from typing import Any

from tests.fixtures.kafka_requests import NO_ID
from tests.parity.scripts import apis
from tests.parity.sides import Side

NAME = "of-cluster"
ABSENT = "of-nothing"
METADATA_TOPIC = "__cluster_metadata"

EXPLAINED = {
    "the versions": "keys of features that are not served are not offered; features likewise",
    "the quorum": "metadata is a file here: no log, no epochs, no directories (decision log)",
}


def converse(side: Side) -> None:
    """Everything that needs no records and no groups."""
    side.create(**{NAME: 2})
    _versions(side)
    _metadata(side)
    _coordinators(side)
    _quorum(side)
    _features(side)
    _reassignments(side)
    _acls(side)


def _versions(side: Side) -> None:
    named = {"client_software_name": "tests", "client_software_version": "1.0"}
    for version in side.each(apis.API_VERSIONS):
        side.ask("the versions", apis.API_VERSIONS, version, **(named if version >= 3 else {}))
    for version in side.each(apis.API_VERSIONS, since=3):
        wrong = named | {"client_software_name": "a b"}
        side.ask_code("a bad name of software", apis.API_VERSIONS, version, **wrong)
    for version in side.each(apis.RESOURCES, until=0):
        side.ask("resources of the first version", apis.RESOURCES, version)
    for version in side.each(apis.HANDSHAKE):
        side.ask("a login where there is none", apis.HANDSHAKE, version, mechanism="PLAIN")
    for version in side.each(apis.AUTHENTICATE):
        side.ask("a token where there is no login", apis.AUTHENTICATE, version, auth_bytes=b"x")
    for version in side.each(apis.CLUSTER):
        fields: dict[str, Any] = {"include_cluster_authorized_operations": False}
        side.ask("the cluster", apis.CLUSTER, version, **fields)
    for version in side.each(apis.CLUSTER, since=1):
        side.ask("the controllers", apis.CLUSTER, version, endpoint_type=2)


def _metadata(side: Side) -> None:
    answer = side.prepare(apis.METADATA, 12, topics=[{"name": NAME, "topic_id": NO_ID}])
    topic_id = answer["topics"][0]["topic_id"]
    for version in side.each(apis.METADATA):
        quiet = {"allow_auto_topic_creation": False} if version >= 4 else {}
        names = [NAME, ABSENT, "a b", NAME] if version >= 4 else [NAME, NAME]
        topics = [{"name": name, "topic_id": NO_ID} for name in names]
        side.ask("topics by name", apis.METADATA, version, topics=topics, **quiet)
        if version >= 1:
            side.ask("no topics", apis.METADATA, version, topics=[], **quiet)
    for version in side.each(apis.METADATA, since=8):
        rights = {"include_topic_authorized_operations": True}
        topics = [{"name": NAME, "topic_id": NO_ID}]
        side.ask("rights", apis.METADATA, version, topics=topics, **rights)
    for version in side.each(apis.METADATA, since=10):
        ids = [topic_id, "00000000-0000-0000-0000-000000000007"]
        topics = [{"name": None, "topic_id": one} for one in ids]
        side.ask("topics by id", apis.METADATA, version, topics=topics)


def _coordinators(side: Side) -> None:
    for version in side.each(apis.FIND_COORDINATOR):
        fields: dict[str, Any] = (
            {"coordinator_keys": ["a", "b", "a"]} if version >= 4 else {"key": "a"}
        )
        side.ask("a group's coordinator", apis.FIND_COORDINATOR, version, **fields)
    for version in side.each(apis.FIND_COORDINATOR, since=1):
        fields = {"coordinator_keys": ["a"]} if version >= 4 else {"key": "a"}
        side.ask("an odd coordinator", apis.FIND_COORDINATOR, version, key_type=9, **fields)


def _quorum(side: Side) -> None:
    def asked(*rows: tuple[str, list[int]]) -> list[dict[str, Any]]:
        return [
            {"topic_name": name, "partitions": [{"partition_index": index} for index in indexes]}
            for name, indexes in rows
        ]

    for version in side.each(apis.QUORUM):
        side.ask("the quorum", apis.QUORUM, version, topics=asked((METADATA_TOPIC, [0])))
        side.ask("a quorum of a topic", apis.QUORUM, version, topics=asked((NAME, [0, 1])))
        both = asked((METADATA_TOPIC, [0]), (NAME, [0]))
        side.ask("a quorum and more", apis.QUORUM, version, topics=both)
        side.ask("no quorum", apis.QUORUM, version, topics=[])


def _features(side: Side) -> None:
    for version in side.each(apis.FEATURES):
        way: dict[str, Any] = {"upgrade_type": 1} if version >= 1 else {"allow_downgrade": False}
        for label, name, level, other in (
            ("a feature that nobody has", "no.such", 1, {}),
            ("a negative level", "no.such", -1, {}),
            ("an odd change", "no.such", 1, {"upgrade_type": 9} if version >= 1 else {}),
        ):
            update = {"feature": name, "max_version_level": level} | way | other
            updates = {"feature_updates": [update], "timeout_ms": 10_000}
            side.ask(label, apis.FEATURES, version, **updates)
        side.ask("no features", apis.FEATURES, version, feature_updates=[], timeout_ms=10_000)


def _reassignments(side: Side) -> None:
    def moved(name: str, *rows: tuple[int, list[int] | None]) -> dict[str, Any]:
        return {
            "name": name,
            "partitions": [{"partition_index": i, "replicas": replicas} for i, replicas in rows],
        }

    for version in side.each(apis.REASSIGN):
        topics = [
            moved(NAME, (0, [1]), (1, None), (9, [1])),
            moved(ABSENT, (0, [1]), (1, None)),
        ]
        side.ask("partitions that stay", apis.REASSIGN, version, topics=topics, timeout_ms=10_000)
        for label, replicas in (
            ("elsewhere", [7]),
            ("nowhere", []),
            ("here twice", [1, 1]),
            ("here and elsewhere", [1, 7]),
            ("on no broker", [-1]),
        ):
            topics = [moved(NAME, (0, replicas))]
            moving = f"partitions that go {label}"
            side.ask(moving, apis.REASSIGN, version, topics=topics, timeout_ms=10_000)
    for version in side.each(apis.REASSIGNMENTS):
        rows = [{"name": NAME, "partition_indexes": [0, 9]}]
        side.ask("moves of one", apis.REASSIGNMENTS, version, topics=rows, timeout_ms=10_000)


def _acls(side: Side) -> None:
    for version in side.each(apis.CREATE_ACLS):
        rule = {
            "resource_type": 2,
            "resource_name": f"ruled-{version}",
            "resource_pattern_type": 3,
            "principal": "User:nobody",
            "host": "*",
            "operation": 3,
            "permission_type": 3,
        }
        wrong = [rule | {"principal": "nobody"}, rule | {"operation": 1}, rule | {"host": ""}]
        side.ask("rules to make", apis.CREATE_ACLS, version, creations=[rule, *wrong])
        wanted = {
            "resource_type_filter": 2,
            "resource_name_filter": f"ruled-{version}",
            "pattern_type_filter": 1,
            "principal_filter": None,
            "host_filter": None,
            "operation": 1,
            "permission_type": 1,
        }
        side.ask("rules", apis.DESCRIBE_ACLS, version, **wanted)
        by_prefix = wanted | {"pattern_type_filter": 2}
        side.ask("rules that match", apis.DESCRIBE_ACLS, version, **by_prefix)
        side.ask("rules to delete", apis.DELETE_ACLS, version, filters=[wanted])
        side.ask("rules to delete again", apis.DELETE_ACLS, version, filters=[wanted])
