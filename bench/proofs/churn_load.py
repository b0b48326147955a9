"""Makes a group churn: members join, leave and are killed while records are written."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from typing import Any, Literal

from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from bench.proofs.churn_judge import Event, Observed, Offsets
from tools.paths import ROOT

Mode = Literal["right", "ahead"]

TOPIC = "churned"
GROUP = "churning"
TIMEOUT_SECONDS = 60
LOOK_SECONDS = 0.25
WRITE_SECONDS = 0.1
STOP_SECONDS_MAX = 20


@dataclass(frozen=True, kw_only=True)
class Churn:
    """How much of it. Every `step_seconds` one member joins, leaves or is killed.

    It goes on beyond `seconds` until `kills_min` were killed.
    """

    members: int
    seconds: float
    step_seconds: float
    partitions: int
    records_per_second: int
    kills_min: int = 1
    seed: int = 6


class Member:
    """A member's process and the lines it has printed."""

    def __init__(self, bootstrap: str, mode: Mode) -> None:
        self.events: list[Event] = []
        command = [sys.executable, "-m", "bench.proofs.churn_member", bootstrap, TOPIC, GROUP, mode]
        self._process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    @property
    def owns(self) -> bool:
        """Whether it was assigned something last."""
        told = [event for event in list(self.events) if event["event"] in ("assigned", "revoked")]
        return bool(told) and told[-1]["event"] == "assigned"

    @property
    def has_just_committed(self) -> bool:
        """Whether that is the last it said: what it has not processed yet would be lost."""
        if not self.events:
            return False
        last = self.events[-1]
        return last["event"] == "committed" and bool(last["offsets"])

    def end(self, how: signal.Signals) -> None:
        """End it and read what it still printed; one that was asked to leave must succeed."""
        self._process.send_signal(how)
        status = self._process.wait(STOP_SECONDS_MAX)
        self._reader.join()
        if status not in (0, -signal.SIGKILL):
            raise RuntimeError(f"a member ended with status {status}")

    def _read(self) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as lines:
            for line in lines:
                # What a killed member wrote half counts as not written.
                if line.endswith("}\n"):
                    self.events.append(json.loads(line))


@dataclass
class Crowd:
    """Those who are in the group, those who were, and the one that looks at it from outside."""

    bootstrap: str
    mode: Mode
    present: list[Member] = field(default_factory=list[Member])
    past: list[Member] = field(default_factory=list[Member])
    joined: int = 0
    left: int = 0
    killed: int = 0

    def join(self) -> None:
        self.present.append(Member(self.bootstrap, self.mode))
        self.joined += 1

    def part(self, number: int, how: signal.Signals) -> None:
        member = self.present.pop(number)
        member.end(how)
        self.past.append(member)
        if how is signal.SIGKILL:
            self.killed += 1
        else:
            self.left += 1

    def dissolve(self) -> None:
        """Let all go who are still there."""
        while self.present:
            member = self.present.pop()
            member.end(signal.SIGTERM)
            self.past.append(member)


def churn(bootstrap: str, plan: Churn, mode: Mode = "right") -> Observed:
    """Run it and wait until the group has caught up; what was seen of it."""
    create_topic(bootstrap, plan.partitions)
    stop = threading.Event()
    looks: list[Offsets] = []
    crowd = Crowd(bootstrap, mode)
    watcher = threading.Thread(target=watch, args=(bootstrap, plan.partitions, looks, stop))
    watcher.start()
    try:
        for _ in range(plan.members):
            crowd.join()
        await_all(crowd)
        write_while(bootstrap, plan, crowd)
        ends = end_offsets(bootstrap, plan.partitions)
        await_caught_up(looks, ends)
    finally:
        stop.set()
        watcher.join()
        crowd.dissolve()
    return Observed(
        ends=ends,
        looks=looks,
        members=[member.events for member in crowd.past],
        joined=crowd.joined,
        left=crowd.left,
        killed=crowd.killed,
    )


def await_all(crowd: Crowd) -> None:
    """Wait until every member was assigned something; raises TimeoutError."""
    deadline = time.monotonic() + TIMEOUT_SECONDS
    while not all(member.owns for member in crowd.present):
        if time.monotonic() > deadline:
            raise TimeoutError("not every member was assigned partitions")
        time.sleep(LOOK_SECONDS)


def write_while(bootstrap: str, plan: Churn, crowd: Crowd) -> None:
    """Write records at their rate, and change the group at every step."""
    producer = Producer({"bootstrap.servers": bootstrap, "enable.idempotence": True})
    chance = random.Random(plan.seed)
    started = time.monotonic()
    written = steps = 0
    deadline = started + plan.seconds + TIMEOUT_SECONDS
    while (passed := time.monotonic() - started) < plan.seconds or crowd.killed < plan.kills_min:
        if time.monotonic() > deadline:
            raise TimeoutError(f"{crowd.killed} members were killed, not {plan.kills_min}")
        due = int(passed * plan.records_per_second)
        for number in range(written, due):
            producer.produce(TOPIC, str(number), partition=number % plan.partitions)
        written = due
        producer.poll(WRITE_SECONDS)
        if passed >= steps * plan.step_seconds:
            steps += 1
            change(crowd, plan, chance)
    if producer.flush(TIMEOUT_SECONDS) != 0:
        raise RuntimeError("records were not acknowledged")


def change(crowd: Crowd, plan: Churn, chance: random.Random) -> None:
    """Let one join where one is missing; else kill one, and later also let one leave by turns.

    Who is killed has just committed: the moment in which a commit ahead of its records loses them.
    Returns without a change when nobody has.
    """
    if len(crowd.present) < plan.members:
        crowd.join()
        return
    # Who has nothing yet can lose nothing.
    owners = [number for number, one in enumerate(crowd.present) if one.owns]
    if not owners:
        return
    if crowd.killed > max(crowd.left, plan.kills_min):
        crowd.part(chance.choice(owners), signal.SIGTERM)
        return
    worst = [number for number in owners if crowd.present[number].has_just_committed]
    if worst:
        crowd.part(chance.choice(worst), signal.SIGKILL)


def watch(bootstrap: str, partitions: int, looks: list[Offsets], stop: threading.Event) -> None:
    """Look at the group's committed offsets again and again, as a consumer that never joins."""
    wanted = [TopicPartition(TOPIC, number) for number in range(partitions)]
    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": GROUP})
    while True:
        last = stop.is_set()
        found = consumer.committed(wanted, timeout=TIMEOUT_SECONDS)
        looks.append({one.partition: one.offset for one in found if one.offset >= 0})
        if last:
            break
        stop.wait(LOOK_SECONDS)
    consumer.close()


def await_caught_up(looks: list[Offsets], ends: Offsets) -> None:
    """Wait until everything is committed; raises TimeoutError."""
    written = {partition: end for partition, end in ends.items() if end > 0}
    deadline = time.monotonic() + TIMEOUT_SECONDS
    while not looks or dict(looks[-1]) != written:
        if time.monotonic() > deadline:
            raise TimeoutError(f"the group stands at {looks[-1:]}, the topic at {written}")
        time.sleep(LOOK_SECONDS)


def create_topic(bootstrap: str, partitions: int) -> None:
    # Its futures have no types.
    admin: Any = AdminClient({"bootstrap.servers": bootstrap})
    topic = NewTopic(TOPIC, num_partitions=partitions, replication_factor=-1)
    admin.create_topics([topic])[TOPIC].result(TIMEOUT_SECONDS)


def end_offsets(bootstrap: str, partitions: int) -> dict[int, int]:
    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": "looking"})
    try:
        return {
            number: consumer.get_watermark_offsets(
                TopicPartition(TOPIC, number), timeout=TIMEOUT_SECONDS
            )[1]
            for number in range(partitions)
        }
    finally:
        consumer.close()
