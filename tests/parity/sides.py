"""One of two brokers in a conversation: it is asked, and what it answered is kept, comparable."""

from __future__ import annotations

import struct
from collections.abc import Collection, Generator, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, cast

from tests.bad_input.wire import ClosedError
from tests.fixtures.waiting import eventually
from tests.parity.conversations import Answers, Api, Speaker, comparable
from tests.parity.scripts.apis import CREATE, LIST_OFFSETS

CORRELATION_ID_BYTES: Final = 4
HUNG_UP: Final = "the broker hung up"
CONCURRENT_TRANSACTIONS: Final = 51
NOT_ENOUGH_REPLICAS: Final = 19
ON_THE_WAY: Final = frozenset({CONCURRENT_TRANSACTIONS, NOT_ENOUGH_REPLICAS})
"""Say to ask again; a broker answers so while the end of a transaction is on its way.

Writers of versions that do not know the first are told the second instead, which they take for as
good a reason to try again (KIP-890).
"""


@dataclass(kw_only=True)
class Side:
    """A broker as a script sees it; the same script is run on both sides."""

    speaker: Speaker
    versions: Mapping[int, range]
    """By API key: those that both brokers offer."""
    left_out: Collection[str] = ()
    """Configurations of these names are not compared."""
    answers: Answers = field(default_factory=dict[str, object])
    asked: set[tuple[int, int]] = field(default_factory=set[tuple[int, int]])
    """Keys and versions of the requests that were compared."""

    def each(self, api: Api, since: int = 0, until: int | None = None) -> Iterator[int]:
        """The versions of an API to ask in."""
        offered = self.versions[api.request.API_KEY]
        last = offered.stop - 1 if until is None else min(until, offered.stop - 1)
        yield from range(max(offered.start, since), last + 1)

    def last(self, api: Api) -> int:
        return self.versions[api.request.API_KEY].stop - 1

    def ask(self, label: str, api: Api, version: int, **fields: Any) -> dict[str, Any]:
        """Ask, and keep the answer under the label; it, or nothing if the broker hung up."""
        try:
            answer = self.speaker.ask(api, version, fields)
        except ClosedError:
            self._keep(label, api, version, HUNG_UP)
            return {}
        self.keep(label, api, version, answer)
        return answer

    def ask_settled(self, label: str, api: Api, version: int, **fields: Any) -> dict[str, Any]:
        """Ask until no transaction is on its way to its end, and keep that answer."""
        answer = self.prepare_settled(api, version, **fields)
        self.keep(label, api, version, answer)
        return answer

    def prepare_settled(self, api: Api, version: int, **fields: Any) -> dict[str, Any]:
        """Ask until no transaction is on its way to its end; not compared."""
        answers: list[dict[str, Any]] = []

        def is_settled() -> bool:
            answers[:] = [self.prepare(api, version, **fields)]
            return ON_THE_WAY.isdisjoint(codes(answers[0]))

        eventually(is_settled, "a transaction does not end")
        return answers[0]

    def ask_code(self, label: str, api: Api, version: int, **fields: Any) -> None:
        """Ask what is answered by an error code at the beginning, which alone is kept."""
        answer = self.speaker.ask_raw(api, version, fields)
        (code,) = struct.unpack_from(">h", answer, CORRELATION_ID_BYTES)
        self._keep(label, api, version, code)

    def keep(self, label: str, api: Api, version: int, answer: Mapping[str, Any]) -> None:
        """Keep an answer under a label for comparison."""
        self._keep(label, api, version, comparable(answer, self.left_out))

    def _keep(self, label: str, api: Api, version: int, answer: object) -> None:
        kept = f"{label} v{version}"
        assert kept not in self.answers, f"{kept} is asked twice"
        self.answers[kept] = answer
        self.asked.add((api.request.API_KEY, version))

    def prepare(self, api: Api, version: int, **fields: Any) -> dict[str, Any]:
        """Ask for what a later question needs; not compared."""
        return self.speaker.ask(api, version, fields)

    def create(self, **topics: int) -> None:
        """Make topics of so many partitions, and wait until all of them are served."""
        rows = [
            {"name": name, "num_partitions": count, "replication_factor": 1}
            for name, count in topics.items()
        ]
        self.prepare(CREATE, 7, topics=rows, timeout_ms=10_000)
        self.wait_for(**topics)

    def wait_for(self, **topics: int) -> None:
        """Wait until all partitions of the topics are served."""
        rows = [
            {
                "name": name,
                "partitions": [
                    {"partition_index": index, "current_leader_epoch": -1, "timestamp": -1}
                    for index in range(count)
                ],
            }
            for name, count in topics.items()
        ]
        eventually(lambda: self._is_served(rows), "the topics are not served")

    def _is_served(self, rows: list[dict[str, Any]]) -> bool:
        answer = self.prepare(LIST_OFFSETS, 5, replica_id=-1, topics=rows)
        found = [row["error_code"] for topic in answer["topics"] for row in topic["partitions"]]
        return not any(found)


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
