"""Consumer groups by the API are the cluster's own: what native clients do simply shows."""

import itertools
from collections.abc import Generator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

import pytest
from confluent_kafka import Consumer, ConsumerGroupTopicPartitions, Producer, TopicPartition
from confluent_kafka.admin import AdminClient

from control_plane.kafka.admin import KafkaAdmin
from tests.cluster.usage import ANSWER_SECONDS_MAX, Made, Usage, code_of, options
from tests.fixtures.waiting import eventually
from tools.running_service import RunningService

_numbers = itertools.count()

# Records of a minute apart, so that a lag in time is exact.
BEGAN_MS = 1_700_000_000_000
MINUTE_MS = 60_000


class Admin(KafkaAdmin, Protocol):
    """What a native admin client does here."""

    def delete_records(
        self, offsets: list[TopicPartition], /
    ) -> dict[TopicPartition, Future[object]]: ...


@dataclass(frozen=True)
class Program:
    """Native clients of a cluster, kept open for all tests."""

    cluster: Made
    options: dict[str, str | int | float | bool]
    producer: Producer
    admin: "Admin"


@pytest.fixture(scope="module")
def program(running_service: RunningService) -> Program:
    with running_service.http() as client:
        usage = Usage(running_service, client)
        cluster, key = usage.create("groups"), usage.create_key()
    ways = options(cluster, key)
    return Program(cluster, ways, Producer(ways), AdminClient(ways))


class Lab:
    """A topic of two partitions with ten records each, a minute apart, and a group's name."""

    def __init__(self, usage: Usage, program: "Program") -> None:
        self.usage, self.program = usage, program
        cluster, producer = program.cluster, program.producer
        number = next(_numbers)
        self.topic, self.group = f"read-{number}", f"readers/{number}"
        self.groups = f"/v1/clusters/{cluster.id}/groups"
        self.path = f"{self.groups}/readers%2F{number}"
        # The records are old already, and retention must not take them from under a test.
        usage.create_topic(cluster.id, self.topic, partitions=2, configs={"retention.ms": -1})
        for partition in range(2):
            for index in range(10):
                producer.produce(
                    self.topic,
                    b"value",
                    partition=partition,
                    timestamp=BEGAN_MS + index * MINUTE_MS,
                )
        assert producer.flush(ANSWER_SECONDS_MAX) == 0

    def commit(self, *offsets: int, group: str | None = None) -> None:
        """Commit an offset of each partition, from 0 on, as a program that joins no group."""
        places = [TopicPartition(self.topic, index, at) for index, at in enumerate(offsets)]
        wanted = ConsumerGroupTopicPartitions(group or self.group, places)
        futures = self.program.admin.alter_consumer_group_offsets(
            [wanted], request_timeout=ANSWER_SECONDS_MAX
        )
        futures[wanted.group_id].result(ANSWER_SECONDS_MAX)

    def consumer(self, group: str) -> Consumer:
        return Consumer(
            {
                **self.program.options,
                "group.id": group,
                "client.id": "reader-1",
                "enable.auto.commit": False,
                "auto.offset.reset": "earliest",
            }
        )

    @contextmanager
    def member(self) -> Generator[Consumer]:
        """Have a consumer join the group and read something."""
        consumer = self.consumer(self.group)
        consumer.subscribe([self.topic])
        try:
            eventually(lambda: consumer.poll(0.2) is not None, "the consumer got nothing")
            yield consumer
        finally:
            consumer.close()

    def committed(self) -> dict[int, int | None]:
        items = self.offsets()["items"]
        return {item["partition"]: item["committed_offset"] for item in items}

    def offsets(self, **query: Any) -> dict[str, Any]:
        answer = self.usage.http.get(f"{self.path}/offsets", params=query)
        return self.usage.expect(200, answer)

    def reset(self, body: dict[str, Any], *, is_dry_run: bool = False) -> dict[str, Any]:
        return self.usage.expect(200, self.asked_to_reset(body, is_dry_run=is_dry_run))

    def asked_to_reset(self, body: dict[str, Any], *, is_dry_run: bool = False) -> Any:
        query = {"dry_run": "true"} if is_dry_run else {}
        return self.usage.http.post(f"{self.path}:reset", json=body, params=query)


@pytest.fixture
def lab(usage: Usage, program: Program) -> Lab:
    return Lab(usage, program)


def moment(milliseconds: int) -> str:
    instant = datetime.fromtimestamp(milliseconds / 1000, UTC)
    return instant.isoformat(timespec="microseconds").replace("+00:00", "Z")


class TestShow:
    def test_lists_pages_of_groups_by_state(self, lab: Lab) -> None:
        for letter in "abc":
            lab.commit(1, group=f"{lab.group}-{letter}")
        query = {"page_size": "1", "state": "empty"}
        found: list[str] = []
        while True:
            page = lab.usage.expect(200, lab.usage.http.get(lab.groups, params=query))
            found += [item["group_id"] for item in page["items"] if lab.group in item["group_id"]]
            if page["next_page_token"] is None:
                break
            query["page_token"] = page["next_page_token"]
        assert found == [f"{lab.group}-{letter}" for letter in "abc"]
        stable = lab.usage.http.get(lab.groups, params={"state": "stable"})
        assert lab.usage.expect(200, stable)["items"] == []

    def test_describes_members_and_what_they_read(self, lab: Lab) -> None:
        with lab.member():
            group = lab.usage.expect(200, lab.usage.http.get(lab.path))
        (member,) = group["members"]
        assert (group["group_id"], group["state"]) == (lab.group, "stable")
        assert (member["client_id"], member["host"]) == ("reader-1", "127.0.0.1")
        assert member["partitions"] == [
            {"topic": lab.topic, "partition": 0},
            {"topic": lab.topic, "partition": 1},
        ]

    def test_tells_the_lag_in_records_and_in_time(self, lab: Lab) -> None:
        lab.commit(4, 10)
        found = lab.offsets()
        assert (found["lag"], found["max_lag"], found["partitions"]) == (6, 6, 2)
        assert (found["lag_ms"], found["is_lag_ms_complete"]) == (5 * MINUTE_MS, True)
        behind, current = found["items"]
        assert (behind["committed_offset"], behind["log_end_offset"]) == (4, 10)
        assert behind["first_unread_at"] == moment(BEGAN_MS + 4 * MINUTE_MS)
        assert behind["newest_at"] == moment(BEGAN_MS + 9 * MINUTE_MS)
        assert (current["lag"], current["lag_ms"], current["first_unread_at"]) == (0, 0, None)

    def test_waits_for_nothing_that_was_removed(self, lab: Lab) -> None:
        lab.commit(1, 10)
        place = TopicPartition(lab.topic, 0, 7)
        lab.program.admin.delete_records([place])[place].result(ANSWER_SECONDS_MAX)
        behind = lab.offsets()["items"][0]
        assert (behind["log_start_offset"], behind["lag"]) == (7, 3)
        assert behind["lag_ms"] == 2 * MINUTE_MS

    def test_pages_partitions_with_the_totals_of_all(self, lab: Lab) -> None:
        lab.commit(4, 2)
        first = lab.offsets(page_size=1)
        second = lab.offsets(page_size=1, page_token=first["next_page_token"])
        assert [first["items"][0]["partition"], second["items"][0]["partition"]] == [0, 1]
        assert second["next_page_token"] is None
        assert first["lag"] == second["lag"] == 14
        assert first["lag_ms"] == second["lag_ms"] == 7 * MINUTE_MS

    def test_knows_no_group_that_is_not_there(self, lab: Lab) -> None:
        for path in (lab.path, f"{lab.path}/offsets"):
            assert code_of(lab.usage.http.get(path)) == (404, "group_not_found")
        assert code_of(lab.usage.http.delete(lab.path)) == (404, "group_not_found")


class TestReset:
    @pytest.mark.parametrize(
        ("body", "after"),
        [
            ({"to": "earliest"}, [0, 0]),
            ({"to": "latest"}, [10, 10]),
            ({"to": "time", "at": moment(BEGAN_MS + 3 * MINUTE_MS)}, [3, 3]),
            ({"to": "shift", "by": -5}, [0, 1]),
            ({"to": "offset", "offset": 8}, [8, 8]),
            ({"to": "offset", "offset": 80}, [10, 10]),
        ],
    )
    def test_moves_offsets_as_its_preview_said(
        self, lab: Lab, body: dict[str, Any], after: list[int]
    ) -> None:
        lab.commit(4, 6)
        preview = lab.reset(body, is_dry_run=True)
        assert lab.committed() == {0: 4, 1: 6}
        made = lab.reset(body)
        assert {**preview, "is_dry_run": False} == made
        assert [change["after"] for change in made["changes"]] == after
        assert (made["lag_before"], made["lag_after"]) == (10, 20 - sum(after))
        assert lab.committed() == dict(enumerate(after))

    def test_is_undone_by_what_it_answers(self, lab: Lab) -> None:
        lab.commit(4)
        body = {"to": "latest", "topics": [{"topic": lab.topic}]}
        made = lab.reset(body)
        assert lab.committed() == {0: 10, 1: 10}
        lab.reset(made["undo"])
        assert lab.committed() == {0: 4}

    def test_moves_only_the_partitions_that_are_named(self, lab: Lab) -> None:
        lab.commit(4, 6)
        lab.reset({"to": "earliest", "topics": [{"topic": lab.topic, "partitions": [1]}]})
        assert lab.committed() == {0: 4, 1: 0}

    def test_makes_a_group_for_consumers_to_come(self, lab: Lab) -> None:
        lab.reset({"to": "latest", "topics": [{"topic": lab.topic}]})
        assert lab.committed() == {0: 10, 1: 10}

    def test_refuses_while_consumers_are_in_the_group(self, lab: Lab) -> None:
        lab.commit(4, 6)
        with lab.member():
            for is_dry_run in (True, False):
                refused = lab.asked_to_reset({"to": "latest"}, is_dry_run=is_dry_run)
                assert code_of(refused) == (409, "group_active")
                problem = refused.json()
                assert "reader-1" in problem["detail"]
                assert "stop the group's consumers" in problem["advice"]
            assert code_of(lab.usage.http.delete(lab.path)) == (409, "group_active")
        assert lab.committed() == {0: 4, 1: 6}

    @pytest.mark.parametrize(
        ("body", "code"),
        [
            ({"to": "shift"}, "request_invalid"),
            ({"to": "earliest", "by": 3}, "request_invalid"),
            ({"to": "somewhere"}, "request_invalid"),
            (
                {"to": "latest", "topics": [{"topic": "TOPIC", "partitions": [2]}]},
                "offset_reset_invalid",
            ),
            ({"to": "shift", "by": 1, "topics": [{"topic": "TOPIC"}]}, "offset_reset_invalid"),
        ],
    )
    def test_refuses_what_means_nothing(self, lab: Lab, body: dict[str, Any], code: str) -> None:
        lab.commit(4)
        for topic in body.get("topics", []):
            topic["topic"] = lab.topic
        assert code_of(lab.asked_to_reset(body)) == (422, code)
        assert lab.committed() == {0: 4}

    def test_knows_no_topic_or_group_that_is_not_there(self, lab: Lab) -> None:
        refused = lab.asked_to_reset({"to": "latest"})
        assert code_of(refused) == (404, "group_not_found")
        refused = lab.asked_to_reset({"to": "latest", "topics": [{"topic": "nowhere"}]})
        assert code_of(refused) == (404, "topic_not_found")


class TestDelete:
    def test_deletes_the_offsets_of_a_topic_and_brings_them_back(self, lab: Lab) -> None:
        lab.commit(4, 6)
        offsets = f"{lab.path}/offsets"
        query = {"topic": lab.topic}
        made = lab.usage.expect(200, lab.usage.http.delete(offsets, params=query))
        assert [change["after"] for change in made["changes"]] == [None, None]
        lab.reset(made["undo"])
        assert lab.committed() == {0: 4, 1: 6}
        refused = lab.usage.http.delete(offsets, params={"topic": "another"})
        assert code_of(refused) == (404, "offsets_not_found")

    def test_deletes_a_group(self, lab: Lab) -> None:
        lab.commit(4, 6)
        assert lab.usage.http.delete(lab.path).status_code == 204
        assert code_of(lab.usage.http.get(lab.path)) == (404, "group_not_found")
