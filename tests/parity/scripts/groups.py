"""Groups: joined, committed to, described, left, deleted, and every way to get it wrong."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from tests.fixtures.kafka_requests import NO_ID
from tests.parity.scripts import apis
from tests.parity.sides import Side

NAME = "of-groups"
OTHER = "of-other-groups"
ABSENT = "of-nothing"
UNKNOWN = UUID(int=7)
MEMBER_ID_REQUIRED = 79
IDS_IN_COMMIT = 10
SUBSCRIPTION = b"\0\0\0\0\0\1\0\x09of-groups\xff\xff\xff\xff"

EXPLAINED: dict[str, str] = {}


def converse(side: Side) -> None:
    """One group for each version of what is asked, so that no answer hangs on another."""
    side.create(**{NAME: 2, OTHER: 2})
    answer = side.prepare(apis.METADATA, 12, topics=[{"name": NAME, "topic_id": NO_ID}])
    topic_id = UUID(answer["topics"][0]["topic_id"])
    _joins(side)
    _refused_joins(side)
    _static(side)
    _life(side)
    _commits(side, topic_id)
    _administration(side)


def _join(group: str, member: str = "", **fields: Any) -> dict[str, Any]:
    return {
        "group_id": group,
        "session_timeout_ms": 30_000,
        "rebalance_timeout_ms": 30_000,
        "member_id": member,
        "protocol_type": "consumer",
        "protocols": [{"name": "range", "metadata": SUBSCRIPTION}],
    } | fields


def _joined(side: Side, group: str, **fields: Any) -> str:
    """A member that leads a group of its own, with its assignment; its id."""
    version = side.last(apis.JOIN)
    answer = side.prepare(apis.JOIN, version, **_join(group, **fields))
    if answer["error_code"] == MEMBER_ID_REQUIRED:
        answer = side.prepare(apis.JOIN, version, **_join(group, answer["member_id"], **fields))
    assert answer["error_code"] == 0, answer
    member = str(answer["member_id"])
    side.prepare(apis.SYNC, 3, **_sync(group, answer["generation_id"], member))
    return member


def _sync(group: str, generation: int, member: str, **fields: Any) -> dict[str, Any]:
    return {
        "group_id": group,
        "generation_id": generation,
        "member_id": member,
        "assignments": [{"member_id": member, "assignment": b"assigned"}],
    } | fields


def _joins(side: Side) -> None:
    for version in side.each(apis.JOIN):
        group = f"join-{version}"
        answer = side.ask("join", apis.JOIN, version, **_join(group))
        member = answer["member_id"]
        if answer["error_code"] == MEMBER_ID_REQUIRED:
            side.ask("join by the given id", apis.JOIN, version, **_join(group, member))
        side.ask("join again", apis.JOIN, version, **_join(group, member))
        protocols = [{"name": "sticky", "metadata": SUBSCRIPTION}]
        other = _join(group, member, protocols=protocols)
        side.ask("join with another protocol", apis.JOIN, version, **other)


def _refused_joins(side: Side) -> None:
    _joined(side, "taken")
    for version in side.each(apis.JOIN):
        for label, body in (
            ("no group", _join("")),
            ("a session too short", _join("short", session_timeout_ms=1)),
            ("a session too long", _join("long", session_timeout_ms=2_000_000_000)),
            ("an unknown member", _join("taken", "nobody")),
            ("an unknown member of no group", _join("absent", "nobody")),
            ("no protocols", _join("bare", protocols=[])),
            ("no protocol type", _join("bare", protocol_type="")),
            ("another protocol type", _join("taken", protocol_type="connect")),
            (
                "no common protocol",
                _join("taken", protocols=[{"name": "odd", "metadata": b""}]),
            ),
        ):
            side.ask(f"join with {label}", apis.JOIN, version, **body)


def _static(side: Side) -> None:
    for version in side.each(apis.JOIN, since=5):
        group = f"static-{version}"
        fields = {"group_instance_id": "one"}
        first = side.ask("static join", apis.JOIN, version, **_join(group, **fields))
        old, generation = first["member_id"], first["generation_id"]
        side.ask(f"sync {group}", apis.SYNC, 5, **_static_sync(group, generation, old))
        again = side.ask("static join again", apis.JOIN, version, **_join(group, **fields))
        new = again["member_id"]
        for whose, member in (("the old", old), ("the new", new), ("another", "nobody")):
            beat = {"group_id": group, "generation_id": generation, "member_id": member} | fields
            for beat_version in side.each(apis.HEARTBEAT, since=3):
                label = f"heartbeat of {whose} id in {group}"
                side.ask(label, apis.HEARTBEAT, beat_version, **beat)
            sync = _static_sync(group, generation, member)
            side.ask(f"sync of {whose} id in {group}", apis.SYNC, 5, **sync)
        unknown = beat_of(group, generation, new, "two")
        side.ask(f"heartbeat of another instance in {group}", apis.HEARTBEAT, 4, **unknown)
        fenced = _join(group, old, **fields)
        side.ask("static join by the old id", apis.JOIN, version, **fenced)
        side.ask(f"describe {group}", apis.DESCRIBE_GROUPS, 5, groups=[group])
        leaving = [
            {"member_id": "nobody", "group_instance_id": "one"},
            {"member_id": "", "group_instance_id": "two"},
            {"member_id": "", "group_instance_id": "one"},
        ]
        side.ask(f"leave {group}", apis.LEAVE, 4, group_id=group, members=leaving)


def _static_sync(group: str, generation: int, member: str) -> dict[str, Any]:
    named = {"protocol_type": "consumer", "protocol_name": "range", "group_instance_id": "one"}
    return _sync(group, generation, member, **named)


def beat_of(group: str, generation: int, member: str, instance: str | None) -> dict[str, Any]:
    return {
        "group_id": group,
        "generation_id": generation,
        "member_id": member,
        "group_instance_id": instance,
    }


def _life(side: Side) -> None:
    member = _joined(side, "life")
    for version in side.each(apis.HEARTBEAT):
        for label, group, generation, who in (
            ("as it should be", "life", 1, member),
            ("of another generation", "life", 7, member),
            ("of an unknown member", "life", 1, "nobody"),
            ("in no group", "absent", 1, member),
            ("without a group", "", 1, member),
        ):
            fields = {"group_id": group, "generation_id": generation, "member_id": who}
            side.ask(f"heartbeat {label}", apis.HEARTBEAT, version, **fields)
    for version in side.each(apis.SYNC):
        named: dict[str, Any] = (
            {"protocol_type": "consumer", "protocol_name": "range"} if version >= 5 else {}
        )
        for label, group, generation, who, other in (
            ("as it should be", "life", 1, member, {}),
            ("of another generation", "life", 7, member, {}),
            ("of an unknown member", "life", 1, "nobody", {}),
            ("in no group", "absent", 1, member, {}),
            ("without a group", "", 1, member, {}),
            ("by another protocol", "life", 1, member, {"protocol_name": "sticky"}),
            ("by another type", "life", 1, member, {"protocol_type": "connect"}),
        ):
            if other and version < 5:
                continue
            body = _sync(group, generation, who, **(named | other))
            side.ask(f"sync {label}", apis.SYNC, version, **body)
    for version in side.each(apis.LEAVE):
        group = f"leave-{version}"
        member = _joined(side, group)
        for label, who, where in (
            ("of an unknown member", "nobody", group),
            ("of no group", member, "absent"),
            ("as it should be", member, group),
            ("once more", member, group),
        ):
            fields: dict[str, Any] = (
                {"members": [{"member_id": who, "group_instance_id": None}]}
                if version >= 3
                else {"member_id": who}
            )
            side.ask(f"leave {label}", apis.LEAVE, version, group_id=where, **fields)


def _commit(
    group: str,
    generation: int,
    member: str,
    *rows: tuple[str, UUID, int],
    metadata: str | None = "note",
    **fields: Any,
) -> dict[str, Any]:
    topics = [
        {
            "name": name,
            "topic_id": topic_id,
            "partitions": [
                {
                    "partition_index": index,
                    "committed_offset": 7,
                    "committed_leader_epoch": 3,
                    "committed_metadata": metadata,
                }
            ],
        }
        for name, topic_id, index in rows
    ]
    return {
        "group_id": group,
        "generation_id_or_member_epoch": generation,
        "member_id": member,
        "topics": topics,
    } | fields


def _commits(side: Side, topic_id: UUID) -> None:
    member = _joined(side, "commits")
    row = (NAME, topic_id, 0)
    for version in side.each(apis.COMMIT):
        missing = (ABSENT, UNKNOWN, 0)
        for label, body in (
            ("as a member", _commit("commits", 1, member, row)),
            ("of another generation", _commit("commits", 7, member, row)),
            ("of an unknown member", _commit("commits", 1, "nobody", row)),
            ("from outside of members", _commit("commits", -1, "", row)),
            ("from outside", _commit(f"simple-{version}", -1, "", row)),
            ("of a generation that is not", _commit(f"absent-{version}", 3, "nobody", row)),
            ("of no partition", _commit("commits", 1, member, (NAME, topic_id, 9))),
            ("of no topic", _commit("commits", 1, member, missing)),
            ("with a long note", _commit("commits", 1, member, row, metadata="n" * 5_000)),
            ("without a note", _commit(f"bare-{version}", -1, "", row, metadata=None)),
            ("without a group", _commit("", -1, "", row)),
        ):
            side.ask(f"commit {label}", apis.COMMIT, version, **body)
    for version in side.each(apis.COMMITTED):
        wanted: dict[str, Any] = {"name": NAME, "partition_indexes": [0, 1, 9]}
        nothing: dict[str, Any] = {"name": ABSENT, "partition_indexes": [0]}
        if version >= IDS_IN_COMMIT:
            wanted["topic_id"], nothing["topic_id"] = topic_id, UNKNOWN
        for label, group, topics in (
            ("as they should be", "commits", [wanted]),
            ("of no topic", "commits", [nothing]),
            ("of no group", "absent", [wanted]),
            ("all", "commits", None),
        ):
            if topics is None and version < 2:
                continue
            one: dict[str, Any] = {"group_id": group, "topics": topics}
            fields = {"groups": [one]} if version >= 8 else one
            side.ask(f"committed offsets {label}", apis.COMMITTED, version, **fields)
        if version >= 9:
            for label, who, epoch in (
                ("of a member", member, 1),
                ("of an unknown member", "nobody", 1),
                ("of another generation", member, 7),
            ):
                one = {"group_id": "commits", "member_id": who, "member_epoch": epoch}
                groups = [one | {"topics": [wanted]}]
                side.ask(f"committed offsets {label}", apis.COMMITTED, version, groups=groups)


def _administration(side: Side) -> None:
    member = _joined(side, "described")
    for version in side.each(apis.DESCRIBE_GROUPS):
        groups = ["described", "simple-9", "absent"]
        side.ask("groups", apis.DESCRIBE_GROUPS, version, groups=groups)
        if version >= 3:
            rights = {"include_authorized_operations": True}
            label = "a group's rights"
            side.ask(label, apis.DESCRIBE_GROUPS, version, groups=["described"], **rights)
    for version in side.each(apis.GROUPS):
        side.ask("all groups", apis.GROUPS, version)
        if version >= 4:
            states = ["stable", "Empty"]
            side.ask("groups by state", apis.GROUPS, version, states_filter=states)
        if version >= 5:
            for kinds in (["Classic"], ["consumer"], ["odd"]):
                fields = {"states_filter": [], "types_filter": kinds}
                side.ask(f"groups by type {kinds}", apis.GROUPS, version, **fields)
    rows = [
        {"name": name, "partitions": [{"partition_index": index} for index in (0, 9)]}
        for name in (NAME, OTHER, ABSENT)
    ]
    for version in side.each(apis.OFFSET_DELETE):
        side.ask("offsets to forget", apis.OFFSET_DELETE, version, group_id="commits", topics=rows)
        simple = "simple-8"
        side.ask("offsets nobody reads", apis.OFFSET_DELETE, version, group_id=simple, topics=rows)
    for version in side.each(apis.DELETE_GROUPS):
        names = ["described", f"simple-{version + 2}", "absent", ""]
        side.ask("groups to delete", apis.DELETE_GROUPS, version, groups_names=names)
    leaving = [{"member_id": member, "group_instance_id": None}]
    side.prepare(apis.LEAVE, 4, group_id="described", members=leaving)
