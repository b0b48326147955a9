"""What is answered to somebody whom everything is closed to but what it was granted."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Final
from uuid import UUID

from tests.fixtures import kafka_requests
from tests.fixtures.waiting import eventually
from tests.parity.conversations import Api, Fields
from tests.parity.pairs import Explanation
from tests.parity.scripts import apis
from tests.parity.scripts.access import (
    ALL,
    ALLOW,
    ALTER,
    ALTER_CONFIGS,
    CLUSTER_ACTION,
    CLUSTER_NAME,
    CLUSTER_TYPE,
    CREATE,
    DELETE,
    DENY,
    DESCRIBE,
    DESCRIBE_CONFIGS,
    GROUP,
    IDEMPOTENT_WRITE,
    KEPT,
    LITERAL,
    PREFIXED,
    READ,
    TOPIC,
    TRANSACTIONAL_ID,
    WRITE,
    Rule,
    make,
    unmake,
)
from tests.parity.scripts.administration import BROKER
from tests.parity.scripts.records import batch, given_out
from tests.parity.secured import ASKER
from tests.parity.sides import Side

ASKER_NAME: Final = f"User:{ASKER}"
GUARDED: Final = "guarded"
NAMED: Final = "versions"
"""The group, and the transactional id, of the requests in tests.fixtures.kafka_requests."""

OPERATIONS: Final[Mapping[int, Mapping[str, int]]] = {
    TOPIC: {
        "read": READ,
        "write": WRITE,
        "create": CREATE,
        "delete": DELETE,
        "alter": ALTER,
        "describe": DESCRIBE,
        "describe settings of": DESCRIBE_CONFIGS,
        "alter settings of": ALTER_CONFIGS,
    },
    GROUP: {"read": READ, "delete": DELETE, "describe": DESCRIBE},
    TRANSACTIONAL_ID: {"write": WRITE, "describe": DESCRIBE},
    CLUSTER_TYPE: {
        "create in": CREATE,
        "alter": ALTER,
        "describe": DESCRIBE,
        "act for": CLUSTER_ACTION,
        "describe settings of": DESCRIBE_CONFIGS,
        "alter settings of": ALTER_CONFIGS,
        "write with ids of": IDEMPOTENT_WRITE,
    },
}
THINGS: Final[Mapping[int, tuple[str, int, str]]] = {
    TOPIC: ("topics", PREFIXED, GUARDED),
    GROUP: ("groups", PREFIXED, NAMED),
    TRANSACTIONAL_ID: ("transactions", LITERAL, NAMED),
    CLUSTER_TYPE: ("the cluster", LITERAL, CLUSTER_NAME),
}


def rule(kind: int, operation: int, permission: int = ALLOW, host: str = "*") -> Rule:
    """A rule about what the asker does with the things that it asks about."""
    _, pattern, name = THINGS[kind]
    return (kind, pattern, name, ASKER_NAME, host, operation, permission)


def grants() -> dict[str, Sequence[Rule]]:
    """What the asker may do in turn: nothing, each thing alone, and what takes several rights."""
    single = {
        f"{verb} {THINGS[kind][0]}": (rule(kind, operation),)
        for kind, verbs in OPERATIONS.items()
        for verb, operation in verbs.items()
    }
    everything = [rule(kind, ALL) for kind in THINGS]
    return {
        "nothing": (),
        **single,
        "read topics and groups": (rule(TOPIC, READ), rule(GROUP, READ)),
        "write topics, transactions": (rule(TOPIC, WRITE), rule(TRANSACTIONAL_ID, WRITE)),
        "commit in transactions": (
            *(rule(TOPIC, READ), rule(GROUP, READ)),
            rule(TRANSACTIONAL_ID, WRITE),
        ),
        "everything": everything,
        "everything from elsewhere": [rule(kind, ALL, host="::1") for kind in THINGS],
        "everything but reading and writing": [
            *everything,
            *(rule(kind, READ, DENY) for kind in (TOPIC, GROUP)),
            *(rule(kind, WRITE, DENY) for kind in (TOPIC, TRANSACTIONAL_ID)),
        ],
        "what everybody may": (
            (TOPIC, LITERAL, "*", "User:*", "*", READ, ALLOW),
            (GROUP, LITERAL, NAMED, "User:*", "*", READ, ALLOW),
            (TOPIC, LITERAL, GUARDED, ASKER_NAME, "127.0.0.1", DESCRIBE, DENY),
        ),
    }


OF_TOPICS: Final = frozenset({*range(4), 8, 9, 19, 20, 21, 22, 23, 24, 28, *(32, 33, 37, 44, 47)})
OF_GROUPS: Final = frozenset({*range(8, 17), 25, 28, 42, 47})
OF_TRANSACTIONS: Final = frozenset({0, 10, 22, 24, 25, 26, 28, 65, 66})
OF_THE_CLUSTER: Final = frozenset({16, 19, *range(22, 25), 27, *range(29, 36), *range(43, 75)})
JUDGED_BY: Final[Mapping[int, frozenset[int]]] = {
    TOPIC: OF_TOPICS | {61, 75},
    GROUP: OF_GROUPS,
    TRANSACTIONAL_ID: OF_TRANSACTIONS,
    CLUSTER_TYPE: OF_THE_CLUSTER,
}
"""By type of resource the keys of the APIs that rights to it may open; the others are asked
without any right and with all of them."""
ALL_KINDS_MIN: Final = 3
"""A grant about so many types of resources is one that every API is asked with."""
EVERY_VERSION: Final = "nothing"
"""The grant with which each version is asked; the others are asked in the last one."""


def instead(key: int) -> Fields:
    """What is asked, by API key, instead of what a good request holds."""
    setting = {"name": "cleanup.policy", "value": "delete"}
    replaced = {"resource_type": TOPIC, "resource_name": GUARDED, "configs": [setting]}
    changed = replaced | {"configs": [setting | {"config_operation": 0}]}
    described = [
        {"resource_type": kind, "resource_name": name, "configuration_keys": keys}
        for kind, name, keys in (
            (TOPIC, GUARDED, ["cleanup.policy", "max.message.bytes"]),
            (BROKER, "1", ["log.retention.bytes", "log.segment.bytes"]),
        )
    ]
    end = {"partition_index": 0, "current_leader_epoch": -1, "timestamp": -1}
    return {
        apis.LIST_OFFSETS.request.API_KEY: {"topics": [{"name": GUARDED, "partitions": [end]}]},
        apis.DESCRIBE.request.API_KEY: {"resources": described, "include_documentation": False},
        # What they would change is known a moment later: nobody shall depend on it.
        apis.CREATE.request.API_KEY: {"validate_only": True},
        apis.GROW.request.API_KEY: {"validate_only": True},
        apis.ALTER.request.API_KEY: {"resources": [replaced]},
        apis.INCREMENTAL.request.API_KEY: {"resources": [changed]},
        apis.RESOURCES.request.API_KEY: {"resource_types": [BROKER]},
        # Apache Kafka never answers a question about all users that it refuses.
        apis.USERS.request.API_KEY: {"users": [{"name": NAMED}]},
    }.get(key, {})


OPEN_TO_ALL: Final = frozenset({18, 17, 36})
"""Versions and logins, which no rule is about."""


def codecs() -> Sequence[Api]:
    """Every API that there is a good request of."""
    known = kafka_requests.APIS.values()
    return [Api(request=one.request, response=one.response) for one in known]


def converse(keeper: Side, asker: Side) -> None:
    """Ask everything with each grant."""
    keeper.create(**{GUARDED: 1})
    described = keeper.prepare(
        apis.METADATA, 12, topics=[{"name": GUARDED, "topic_id": UUID(int=0)}]
    )
    topic = kafka_requests.Topic(name=GUARDED, id=described["topics"][0]["topic_id"])
    eventually(lambda: given_out(keeper)["error_code"] == 0, "no producer ids are given out")
    make(keeper, KEPT)
    for grant, rules in grants().items():
        make(keeper, rules)
        _ask(asker, grant, topic, judged_by(rules))
        _ask_for_rights(asker, grant)
        unmake(keeper, rules)
    unmake(keeper, KEPT)


def judged_by(rules: Sequence[Rule]) -> frozenset[int]:
    """The keys of the APIs to ask with these rules."""
    kinds = {kind for kind, *_ in rules}
    if not kinds or len(kinds) >= ALL_KINDS_MIN:
        return frozenset(kafka_requests.APIS)
    return frozenset[int]().union(*(JUDGED_BY[kind] for kind in kinds))


def _ask(side: Side, grant: str, topic: kafka_requests.Topic, keys: Collection[int]) -> None:
    for key, one in sorted(kafka_requests.APIS.items()):
        if key not in keys or key in OPEN_TO_ALL or key not in side.versions:
            continue
        api = Api(request=one.request, response=one.response)
        label = f"{api.request.__name__.removesuffix('Request')}, may {grant}"
        for version in side.each(api) if grant == EVERY_VERSION else (side.last(api),):
            fields = _good(one, version, topic)
            if key == apis.FETCH.request.API_KEY:
                answer = side.prepare(api, version, **fields)
                side.keep(label, api, version, _without_records(answer))
            else:
                side.ask(label, api, version, **fields)


def _without_records(answer: Fields) -> Fields:
    """A fetch, with whether there are records: markers among them have the time of their making."""
    rows = [
        row | {"partitions": [one | {"records": bool(one["records"])} for one in row["partitions"]]}
        for row in answer["responses"]
    ]
    return {**answer, "responses": rows}


def _good(one: kafka_requests.Api, version: int, topic: kafka_requests.Topic) -> Fields:
    if one.request.API_KEY == apis.PRODUCE.request.API_KEY:
        return _produced(topic)
    built = one.build(one.request, version, topic)
    good: Fields = one.request(version=version, **built).to_dict()
    return {**good, **instead(one.request.API_KEY)}


def _produced(topic: kafka_requests.Topic) -> Fields:
    """The same records each time, which are compared when they are read."""
    parts = [{"index": 0, "records": batch(b"value")}]
    row = {"name": topic.name, "topic_id": topic.id, "partition_data": parts}
    return {"acks": -1, "timeout_ms": 10_000, "topic_data": [row], "transactional_id": None}


def _ask_for_rights(side: Side, grant: str) -> None:
    topics = [{"name": name, "topic_id": UUID(int=0)} for name in (GUARDED, "absent")]
    asked: Sequence[tuple[Api, Fields]] = (
        (apis.METADATA, {"topics": topics, "include_topic_authorized_operations": True}),
        (apis.DESCRIBE_GROUPS, {"groups": [NAMED, "other"], "include_authorized_operations": True}),
        (apis.CLUSTER, {"include_cluster_authorized_operations": True}),
    )
    for api, fields in asked:
        name = api.request.__name__.removesuffix("Request")
        side.ask(f"rights in {name}, may {grant}", api, side.last(api), **fields)


EXPLAINED: Final[Sequence[Explanation]] = (
    Explanation(
        label="AddPartitionsToTxn, may (act for the cluster|everything but .*)",
        difference=r"\..*\.partition_error_code: ours 53, theirs 49",
        reason="who acts for the cluster must also be allowed to write the transaction",
    ),
    Explanation(
        label="OffsetForLeaderEpoch, may act for the cluster",
        difference=r"\.topics\[\]\.partitions\[\]\.(end_offset|error_code|leader_epoch): ",
        reason="who acts for the cluster must also be allowed to see the topic",
    ),
    Explanation(
        label="rights in DescribeCluster, may everything.*",
        difference=r"\.authorized_operations: ours \[10, 11, 12, 5, 7, 8\], theirs .*, 9\]",
        reason="acting for the cluster is not told among the rights: nobody but brokers does",
    ),
    Explanation(
        label="DeleteTopics, may .*",
        difference=r"\.responses\[\]\.error_code: ours 29, theirs 3",
        reason="what may not be deleted is refused alike, whether it is there or not",
    ),
    Explanation(
        label="DescribeQuorum, may .*",
        difference=r"\.(nodes|topics)\[\]\..*(\.name|end_offset|directory_id|watermark): ",
        reason="the quorum is one voter at offset 0, reached as the broker is",
    ),
    Explanation(
        label="DescribeConfigs, may .*(cluster|everything).*",
        difference=r"\.results\[\]\.configs\[\]\.read_only: ours True, theirs False",
        reason="settings of the broker belong to the cluster's plan, not to its keys",
    ),
    Explanation(
        label="CreateTopics, may .*",
        difference=r"\.topics\[\]\.topic_id: ours False, theirs True",
        reason="a topic that is only checked has no id",
    ),
    Explanation(
        label="DescribeUserScramCredentials, may .*",
        difference=r"\.results: ours \[\], theirs \[\{'user': '', 'error_code': 31, ",
        reason="a refusal has no rows of users without a name",
    ),
    Explanation(
        label="rights in Metadata, may what everybody may",
        difference=r"\.topics\[\]\.authorized_operations: ours None, theirs \[3, 8\]",
        reason="nothing can be done with a topic that is not there",
    ),
)
