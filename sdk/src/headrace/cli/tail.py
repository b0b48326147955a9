"""Reads all partitions of a topic at once, each in the order of its offsets."""

import queue
import threading
from collections.abc import Iterator

import msgspec

from headrace.client import Client
from headrace.errors import HeadraceError
from headrace.models import RecordPage, StoredRecord
from headrace.resources.records import Start

WORKERS_MAX = 8  # the service lends so many readers to one key, and a few more
PAGES_AHEAD_MAX = 16
LONG_WAIT_MS = 10_000
SHARED_WAIT_MS = 500


class Placed(msgspec.Struct, frozen=True):
    """A record and the partition it is of."""

    partition: int
    record: StoredRecord


class _Place(msgspec.Struct):
    """How far a partition has been read; `end` is where to stop, None to go on for ever."""

    partition: int
    offset: Start
    end: int | None = None
    has_ended: bool = False


class Tail:
    """Iterating it yields the records as they come; it ends by itself unless it follows."""

    def __init__(
        self,
        client: Client,
        cluster_id: str,
        topic: str,
        partitions: list[int],
        start: Start,
        *,
        follows: bool,
    ) -> None:
        self._client = client
        self._cluster_id = cluster_id
        self._topic = topic
        self._follows = follows
        self._stop = threading.Event()
        self._ahead: queue.Queue[list[Placed] | HeadraceError | None] = queue.Queue(PAGES_AHEAD_MAX)
        count = min(WORKERS_MAX, len(partitions))
        shares = [[_Place(p, start) for p in partitions[i::count]] for i in range(count)]
        self._workers = [
            threading.Thread(target=self._work, args=(share,), daemon=True) for share in shares
        ]

    def __iter__(self) -> Iterator[Placed]:
        for worker in self._workers:
            worker.start()
        working = len(self._workers)
        try:
            while working:
                item = self._ahead.get()
                if item is None:
                    working -= 1
                elif isinstance(item, HeadraceError):
                    raise item
                else:
                    yield from item
        finally:
            self._stop.set()

    def _work(self, places: list[_Place]) -> None:
        try:
            while places and not self._stop.is_set():
                found = sum([self._read(place, len(places)) for place in places])
                places = [place for place in places if not place.has_ended]
                if not found and places and len(places) > 1:
                    self._stop.wait(SHARED_WAIT_MS / 1000)
        except HeadraceError as error:
            self._put(error)
        self._put(None)

    def _read(self, place: _Place, sharers: int) -> int:
        """Read one page of a partition and return how many records it had."""
        wait_ms = LONG_WAIT_MS if self._follows and sharers == 1 else 0
        page = self._client.records.read(
            self._cluster_id, self._topic, place.partition, place.offset, wait_ms=wait_ms
        )
        if page.records:
            self._put([Placed(place.partition, record) for record in self._wanted(place, page)])
        if place.end is None and not self._follows:
            place.end = page.end_offset
        place.offset = page.next_offset
        place.has_ended = place.end is not None and page.next_offset >= place.end
        return len(page.records)

    def _wanted(self, place: _Place, page: RecordPage) -> list[StoredRecord]:
        if place.end is None:
            return page.records
        return [record for record in page.records if record.offset < place.end]

    def _put(self, item: "list[Placed] | HeadraceError | None") -> None:
        while not self._stop.is_set():
            try:
                self._ahead.put(item, timeout=0.5)
            except queue.Full:
                continue
            return
