"""What transactional clients ask of our broker and of Apache Kafka: answered alike, or told why.

Producers have other ids at each broker, so the conversation is held with one after the other.
"""

from __future__ import annotations

import json
import time
from collections.abc import Generator, Mapping, Sequence
from typing import Any, Final, cast

import pytest
from kafka.protocol import admin, consumer, metadata, producer
from kafka.record.default_records import DefaultRecordBatchBuilder

from tests.fixtures.kafka_requests import NO_ID
from tests.fixtures.waiting import eventually
from tests.parity.brokers import apache_kafka, native
from tests.parity.conversations import (
    TIMEOUT_SECONDS,
    Answers,
    Api,
    Fields,
    Speaker,
    comparable,
    differences,
)

pytestmark = [pytest.mark.xdist_group("parity"), pytest.mark.timeout(300)]

CREATE = Api.of(admin, "CreateTopics")
FIND_COORDINATOR = Api.of(metadata, "FindCoordinator")
INIT = Api.of(producer, "InitProducerId")
ADD_PARTITIONS = Api.of(producer, "AddPartitionsToTxn")
ADD_OFFSETS = Api.of(producer, "AddOffsetsToTxn")
PRODUCE = Api.of(producer, "Produce")
COMMIT_OFFSETS = Api.of(producer, "TxnOffsetCommit")
END = Api.of(producer, "EndTxn")
MARKERS = Api.of(producer, "WriteTxnMarkers")
DESCRIBE = Api.of(admin, "DescribeTransactions")
LIST = Api.of(admin, "ListTransactions")
PRODUCERS = Api.of(admin, "DescribeProducers")
FETCH = Api.of(consumer, "Fetch")
OFFSETS = Api.of(consumer, "ListOffsets")
OFFSET_FETCH = Api.of(consumer, "OffsetFetch")

CONCURRENT_TRANSACTIONS = 51
COORDINATOR_MISSING: Final = frozenset({14, 15, 16})
TOPIC = "parity"
TIMEOUT_MS = 60_000
V2_SINCE: Final = {"produce": 12, "end": 5, "offsets": 5}


class Transactor:
    """One side of the conversation: remembers the producer of each id, and what was answered."""

    def __init__(self, speaker: Speaker) -> None:
        self._speaker = speaker
        self.known: dict[str, tuple[int, int]] = {}
        self.answers: Answers = {}

    def versions(self, api: Api, since: int = 0) -> range:
        offered = self._speaker.offered[api.request.API_KEY]
        return range(max(offered.first, since), min(offered.last, api.request.max_version) + 1)

    def newest(self, api: Api) -> int:
        return self.versions(api)[-1]

    def say(
        self,
        label: str,
        api: Api,
        version: int,
        fields: Fields,
        *,
        settles: bool = True,
    ) -> dict[str, Any]:
        """Ask and keep the answer; while a transaction is being ended, ask again."""
        deadline = time.monotonic() + TIMEOUT_SECONDS
        while True:
            answer = self._speaker.ask(api, version, fields)
            is_busy = f"{CONCURRENT_TRANSACTIONS}" in {str(code) for code in codes(answer)}
            if not (settles and is_busy and time.monotonic() < deadline):
                break
        self.answers[f"{label} v{version}"] = plain(answer)
        return answer

    def init(self, name: str, *, label: str = "", version: int = 5, **fields: Any) -> None:
        wanted: dict[str, Any] = {
            "transactional_id": name,
            "transaction_timeout_ms": TIMEOUT_MS,
            **fields,
        }
        answer = self.say(label or f"init {name}", INIT, version, wanted)
        if answer["error_code"] == 0:
            self.known[name] = (answer["producer_id"], answer["producer_epoch"])

    def who(self, name: str) -> dict[str, Any]:
        id_, epoch = self.known[name]
        return {"transactional_id": name, "producer_id": id_, "producer_epoch": epoch}

    def add(self, label: str, name: str, version: int, *partitions: int, **fields: Any) -> None:
        who = self.who(name) | fields
        topics = [{"name": TOPIC, "partitions": list(partitions)}]
        if version >= 4:
            one = {**who, "verify_only": False, "topics": topics}
            self.say(label, ADD_PARTITIONS, version, {"transactions": [one]})
        else:
            old = {f"v3_and_below_{key}": value for key, value in who.items()}
            self.say(label, ADD_PARTITIONS, version, {"v3_and_below_topics": topics, **old})

    def produce(self, label: str, name: str, version: int, partition: int, sequence: int) -> None:
        id_, epoch = self.known[name]
        topic = {"name": TOPIC, "topic_id": NO_ID} if version < 13 else {"topic_id": NO_ID}
        row = {"index": partition, "records": batch(id_, epoch, sequence)}
        self.say(
            label,
            PRODUCE,
            version,
            {
                "transactional_id": name,
                "acks": -1,
                "timeout_ms": 10_000,
                "topic_data": [{**topic, "partition_data": [row]}],
            },
        )

    def end(self, label: str, name: str, version: int, *, committed: bool) -> None:
        answer = self.say(label, END, version, {"committed": committed, **self.who(name)})
        if version >= V2_SINCE["end"] and answer["error_code"] == 0:
            self.known[name] = (answer["producer_id"], answer["producer_epoch"])

    def commit_offsets(
        self, label: str, name: str, group: str, version: int, **fields: Any
    ) -> None:
        row = {"partition_index": 0, "committed_offset": 7, "committed_leader_epoch": -1}
        wanted: dict[str, Any] = {
            **self.who(name),
            "group_id": group,
            "topics": [{"name": TOPIC, "partitions": [{**row, "committed_metadata": "m"}]}],
        }
        if version >= 3:
            wanted |= {"generation_id": -1, "member_id": "", "group_instance_id": None}
        self.say(label, COMMIT_OFFSETS, version, {**wanted | fields})


def batch(producer_id: int, epoch: int, sequence: int) -> bytes:
    builder: Any = DefaultRecordBatchBuilder(
        magic=2,
        compression_type=0,
        is_transactional=1,
        producer_id=producer_id,
        producer_epoch=epoch,
        base_sequence=sequence,
        batch_size=1 << 20,
    )
    builder.append(0, 1_700_000_000_000, None, b"value", [])
    return bytes(builder.build())


def codes(answer: object) -> Generator[int]:
    """Every error code in an answer."""
    if isinstance(answer, dict):
        for name, value in cast("dict[str, object]", answer).items():
            if name.endswith("error_code") and isinstance(value, int):
                yield value
            yield from codes(value)
    elif isinstance(answer, list):
        for item in cast("list[object]", answer):
            yield from codes(item)


def plain(answer: object) -> object:
    """A comparable answer: of times only whether there is one, of records only how many bytes."""
    return comparable(_without_contents(answer))


def _without_contents(answer: object, name: str = "") -> object:
    if name == "transaction_start_time_ms":
        return isinstance(answer, int) and answer > 0
    if isinstance(answer, bytes):
        return len(answer)
    if isinstance(answer, list):
        return [_without_contents(item) for item in cast("list[object]", answer)]
    if isinstance(answer, dict):
        fields = cast("dict[str, object]", answer)
        return {field: _without_contents(value, field) for field, value in fields.items()}
    return answer


def converse(speaker: Speaker) -> Answers:
    side = Transactor(speaker)
    producers(side)
    partitions(side)
    writes(side)
    endings(side)
    offsets(side)
    visibility(side)
    administration(side)
    return side.answers


def producers(side: Transactor) -> None:
    for version in side.versions(INIT):
        name = f"init-{version}"
        side.init(name, version=version, label="a new id")
        side.init(name, version=version, label="an id again")
        for label, timeout_ms in (("none", 0), ("negative", -1), ("too long", 2**31 - 1)):
            side.init(
                name, version=version, label=f"timeout {label}", transaction_timeout_ms=timeout_ms
            )
        side.init("", version=version, label="an empty id")
        if version >= 3:
            id_, epoch = side.known[name]
            named = {"producer_id": id_, "producer_epoch": epoch}
            side.init(name, version=version, label="a producer by name", **named)
            side.init(name, version=version, label="a producer by name again", **named)
            side.init(name, version=version, label="somebody else")
            side.init(name, version=version, label="a stale producer", **named)
            other = {"producer_id": id_ + 1_000_000, "producer_epoch": epoch}
            side.init(name, version=version, label="another producer", **other)
            side.init(name, version=version, label="half a name", producer_id=id_)
    side.init("fencing")
    side.add("before fencing", "fencing", 3, 0)
    stale = side.known["fencing"]
    answer = side.say(
        "an id with a transaction",
        INIT,
        5,
        {"transactional_id": "fencing", "transaction_timeout_ms": TIMEOUT_MS},
        settles=False,
    )
    assert answer["error_code"] == CONCURRENT_TRANSACTIONS
    side.init("fencing", label="an id whose transaction was aborted")
    side.known["fencing"] = stale
    for version in side.versions(ADD_PARTITIONS):
        side.add("a fenced producer", "fencing", version, 0)
    for version in side.versions(ADD_OFFSETS):
        side.say(
            "offsets of a fenced producer",
            ADD_OFFSETS,
            version,
            {"group_id": "g", **side.who("fencing")},
        )
    for version in side.versions(END):
        side.end("the end of a fenced producer", "fencing", version, committed=True)
    for version in side.versions(COMMIT_OFFSETS):
        side.commit_offsets("committing as a fenced producer", "fencing", "g", version)


def partitions(side: Transactor) -> None:
    for version in side.versions(ADD_PARTITIONS):
        name = f"add-{version}"
        side.init(name)
        side.add("partitions", name, version, 0, 1)
        side.add("partitions again", name, version, 0, 1)
        side.add("one that is not there", name, version, 0, 9)
        side.add("partitions of another producer", name, version, 0, producer_id=1)
        side.known["nobody"] = side.known[name]
        side.add("partitions of nobody", "nobody", version, 0)
        side.end("closing", name, 4, committed=False)
        if version >= 4:
            for label, index in (("known", 1), ("unknown", 2)):
                one = {
                    **side.who(name),
                    "verify_only": True,
                    "topics": [{"name": TOPIC, "partitions": [index]}],
                }
                side.add("before verifying", name, version, 1)
                side.say(
                    f"verifying a {label} one", ADD_PARTITIONS, version, {"transactions": [one]}
                )
            side.end("closing", name, 4, committed=False)


def writes(side: Transactor) -> None:
    for version in range(8, 13):
        name = f"write-{version}"
        side.init(name)
        if version < V2_SINCE["produce"]:
            side.produce("a write that was not announced", name, version, 0, 0)
            side.add("announcing", name, 3, 0)
        side.produce("a write", name, version, 0, 0)
        side.produce("a write again", name, version, 0, 0)
        side.produce("a write out of order", name, version, 0, 5)
        known = side.known[name]
        side.known[name] = (known[0], known[1] + 5)
        side.produce("a write of a later epoch", name, version, 0, 0)
        side.known[name] = known
        end = 5 if version >= V2_SINCE["produce"] else 4
        side.end("the end of a write", name, end, committed=True)
        side.known[name] = known
        side.produce("a late write", name, version, 0, 1)
        side.known["nobody"] = known
        side.produce("a write of nobody", "nobody", version, 0, 1)


def endings(side: Transactor) -> None:
    for version in side.versions(END):
        name = f"end-{version}"
        side.init(name)
        side.end("nothing committed", name, version, committed=True)
        side.end("nothing aborted", name, version, committed=False)
        for committed in (True, False):
            what = "a commit" if committed else "an abort"
            side.add(f"before {what}", name, 3, 0)
            before = side.known[name]
            side.end(what, name, version, committed=committed)
            side.known[name] = before
            side.end(f"{what} again", name, version, committed=committed)
            side.known[name] = before
            side.end(f"{what} that is changed", name, version, committed=not committed)
            side.init(name, label="to go on")


def offsets(side: Transactor) -> None:
    for version in side.versions(ADD_OFFSETS):
        name = f"add-offsets-{version}"
        side.init(name)
        side.say("a group", ADD_OFFSETS, version, {"group_id": "g", **side.who(name)})
        side.end("closing", name, 4, committed=False)
    for version in side.versions(COMMIT_OFFSETS):
        name, group = f"offsets-{version}", f"group-{version}"
        side.init(name)
        if version < V2_SINCE["offsets"]:
            side.commit_offsets("offsets of an unknown group", name, group, version)
            side.say("announcing", ADD_OFFSETS, 3, {"group_id": group, **side.who(name)})
        side.commit_offsets("offsets", name, group, version)
        if version >= 3:
            member = {"generation_id": 3, "member_id": "m"}
            side.commit_offsets("offsets of no member", name, group, version, **member)
        for fetching in side.versions(OFFSET_FETCH, since=7):
            for stable in (False, True):
                fetch_offsets(side, f"pending, stable {stable}, {version}", group, fetching, stable)
        side.end("the end of offsets", name, 5 if version >= 5 else 4, committed=True)
        side.say(
            "settled", INIT, 5, {"transactional_id": name, "transaction_timeout_ms": TIMEOUT_MS}
        )
        fetch_offsets(side, f"committed, {version}", group, 9, stable=True)


def fetch_offsets(side: Transactor, label: str, group: str, version: int, stable: bool) -> None:  # noqa: FBT001 - as in the protocol
    topic: dict[str, Any] = {"name": TOPIC, "partition_indexes": [0]}
    if version >= 10:
        return  # by ids, which are not in question here
    if version >= 8:
        wanted: Fields = {
            "groups": [{"group_id": group, "topics": [topic]}],
            "require_stable": stable,
        }
    else:
        wanted = {"group_id": group, "topics": [topic], "require_stable": stable}
    side.say(f"offsets {label}", OFFSET_FETCH, version, wanted)


def visibility(side: Transactor) -> None:
    for number, committed in enumerate((True, False)):
        name = f"visible-{number}"
        side.init(name)
        side.add("to be seen", name, 3, 2)
        side.produce("to be seen", name, 11, 2, 0)
        for stage in ("open", "ended"):
            if stage == "ended":
                side.end("to be seen", name, 4, committed=committed)
                side.init(name, label="seen")
            for isolation in (0, 1):
                what = f"{stage}, {committed}, isolation {isolation}"
                fetched(side, what, isolation)
                for version in side.versions(OFFSETS, since=2):
                    for timestamp in (-1, -2, 0):
                        listed(side, f"at {timestamp}, {what}", version, isolation, timestamp)


def fetched(side: Transactor, what: str, isolation: int) -> None:
    row = {
        "partition": 2,
        "current_leader_epoch": -1,
        "fetch_offset": 0,
        "last_fetched_epoch": -1,
        "log_start_offset": -1,
        "partition_max_bytes": 1 << 20,
    }
    for version in range(4, 13):
        drop = {"current_leader_epoch": 9, "last_fetched_epoch": 12, "log_start_offset": 5}
        known = {key: value for key, value in row.items() if version >= drop.get(key, 0)}
        wanted: dict[str, Any] = {
            "replica_id": -1,
            "max_wait_ms": 0,
            "min_bytes": 0,
            "max_bytes": 1 << 20,
            "isolation_level": isolation,
            "topics": [{"topic": TOPIC, "partitions": [known]}],
        }
        if version >= 7:
            wanted |= {"session_id": 0, "session_epoch": -1, "forgotten_topics_data": []}
        if version >= 11:
            wanted["rack_id"] = ""
        side.say(f"fetch {what}", FETCH, version, wanted)


def listed(side: Transactor, what: str, version: int, isolation: int, timestamp: int) -> None:
    row: dict[str, Any] = {"partition_index": 2, "timestamp": timestamp}
    if version >= 4:
        row["current_leader_epoch"] = -1
    topics = [{"name": TOPIC, "partitions": [row]}]
    side.say(
        f"offset {what}",
        OFFSETS,
        version,
        {"replica_id": -1, "isolation_level": isolation, "topics": topics},
    )


def administration(side: Transactor) -> None:
    side.init("described")
    ids = ["described", "absent", ""]
    side.say("an idle id", DESCRIBE, 0, {"transactional_ids": ids})
    side.add("for description", "described", 3, 0, 3)
    side.say("an ongoing transaction", DESCRIBE, 0, {"transactional_ids": ids})
    for version in side.versions(LIST):
        wanted: dict[str, Any] = {"state_filters": ["Ongoing", "Odd"], "producer_id_filters": []}
        if version >= 1:
            wanted["duration_filter"] = -1
        if version >= 2:
            wanted["transactional_id_pattern"] = None
        side.say("ongoing ones", LIST, version, wanted)
        side.say("odd ones", LIST, version, {**wanted | {"state_filters": ["Odd"]}})
        mine = {"state_filters": [], "producer_id_filters": [side.known["described"][0]]}
        side.say("those of a producer", LIST, version, {**wanted | mine})
        if version >= 1:
            side.say("long ones", LIST, version, {**wanted | {"duration_filter": 10_000_000}})
        if version >= 2:
            for pattern in ("des.*", "des", "(", ""):
                named: Fields = {**wanted, "state_filters": [], "transactional_id_pattern": pattern}
                if pattern != "":
                    side.say(f"those named {pattern}", LIST, version, named)
    side.produce("a record to abort", "described", 11, 3, 0)
    topics = [{"name": TOPIC, "partition_indexes": [3]}]
    side.say("a producer with a transaction", PRODUCERS, 0, {"topics": topics})
    id_, epoch = side.known["described"]
    for version in side.versions(MARKERS):
        for label, marker_epoch, index in (
            ("stale", epoch - 1, 3),
            ("lost", epoch, 99),
            ("good", epoch, 3),
        ):
            marker = {
                "producer_id": id_,
                "producer_epoch": marker_epoch,
                "transaction_result": False,
                "topics": [{"name": TOPIC, "partition_indexes": [index]}],
                "coordinator_epoch": 0,
            }
            side.say(f"a {label} marker", MARKERS, version, {"markers": [marker]})
    side.say("a producer without a transaction", PRODUCERS, 0, {"topics": topics})


EXPLAINED: Final[Mapping[str, str]] = {}
"""Steps that are answered otherwise, with the reason."""


def has_coordinator(speaker: Speaker) -> bool:
    """Whether transactions can be begun; Apache Kafka makes its topics at the first try."""
    for key_type in (0, 1):
        speaker.ask(FIND_COORDINATOR, 4, {"key_type": key_type, "coordinator_keys": ["first"]})
    asked = {"transactional_id": "first", "transaction_timeout_ms": 1}
    return speaker.ask(INIT, 4, asked)["error_code"] not in COORDINATOR_MISSING


def make_topic(speaker: Speaker) -> None:
    row = {
        "name": TOPIC,
        "num_partitions": 4,
        "replication_factor": 1,
        "assignments": [],
        "configs": [{"name": "retention.ms", "value": "-1"}],
    }
    asked = {"topics": [row], "timeout_ms": 10_000, "validate_only": False}
    assert speaker.ask(CREATE, 5, asked)["topics"][0]["error_code"] == 0


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> Sequence[Answers]:
    """What both answered to the whole conversation."""
    directory = tmp_path_factory.mktemp("parity")
    with (
        native(directory) as our_port,
        apache_kafka(directory) as their_port,
        Speaker(our_port) as ours,
        Speaker(their_port) as theirs,
    ):
        for speaker in (ours, theirs):
            eventually(lambda: has_coordinator(speaker), "there is no coordinator")  # noqa: B023 - called at once
            make_topic(speaker)
        return [converse(ours), converse(theirs)]


def test_transactions_are_answered_as_by_apache_kafka(answers: Sequence[Answers]) -> None:
    ours, theirs = answers
    assert ours.keys() == theirs.keys()
    different = {label for label, answer in ours.items() if answer != theirs[label]}
    steps = {label.rsplit(" v", 1)[0] for label in different}
    unexplained = {
        label: differences(ours[label], theirs[label])
        for label in sorted(different)
        if label.rsplit(" v", 1)[0] not in EXPLAINED
    }
    assert not unexplained, json.dumps(unexplained, indent=1)
    assert steps == EXPLAINED.keys(), "an explanation is no longer needed"
