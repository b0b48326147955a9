"""What the service's database says was used, by SQL of its own and none of the service's code."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path

from bench.proofs.log_scan import Batch, Log, TopicPartition


@dataclass(frozen=True, kw_only=True)
class Books:
    """Bytes and records appended, as each table has them."""

    ranges: tuple[int, int]
    windows: tuple[int, int]
    principals: tuple[int, int]
    hours: tuple[int, int]
    days: tuple[int, int]
    billed_bytes: int
    unknown_bytes: int
    collected_windows: int
    waiting_messages: int

    @property
    def bytes(self) -> set[int]:
        """Every figure for the bytes; one, when all agree."""
        return {both[0] for both in self._both} | {self.billed_bytes}

    @property
    def records(self) -> set[int]:
        return {both[1] for both in self._both}

    @property
    def _both(self) -> tuple[tuple[int, int], ...]:
        return self.ranges, self.windows, self.principals, self.hours, self.days

    def figures(self) -> dict[str, object]:
        return asdict(self)


_BOTH = {
    "ranges": "SELECT sum(bytes), sum(records) FROM usage_ranges WHERE cluster_id = ?",
    "windows": "SELECT sum(bytes_in), sum(records_in) FROM usage_windows WHERE cluster_id = ?",
    "principals": "SELECT sum(bytes_in), sum(records_in) FROM usage_traffic WHERE cluster_id = ?",
    "hours": "SELECT sum(bytes_in), sum(records_in) FROM usage_rollups "
    "WHERE cluster_id = ? AND granularity = 'hour'",
    "days": "SELECT sum(bytes_in), sum(records_in) FROM usage_rollups "
    "WHERE cluster_id = ? AND granularity = 'day'",
}
# What billing took, and what still waits for it.
_BILLED = "SELECT coalesce(sum(bytes_in), 0) FROM metered_hours WHERE cluster_id = ?"
_WAITING = (
    "SELECT coalesce(sum(json_extract(body, '$.bytes_in')), 0), count(*) FROM outbox_messages "
    "WHERE subject = 'usage.window_closed' AND key = ?"
)
_UNKNOWN = (
    "SELECT coalesce(sum(bytes_in), 0) FROM usage_traffic "
    "WHERE cluster_id = ? AND principal = 'unknown'"
)
_COUNT = "SELECT count(*) FROM usage_windows WHERE cluster_id = ?"
_LAST = "SELECT coalesce(max(number), 0) FROM usage_windows WHERE cluster_id = ?"
_RANGES = (
    "SELECT topic_id, partition, first_offset, next_offset, bytes, records FROM usage_ranges "
    "WHERE cluster_id = ? ORDER BY topic_id, partition, first_offset"
)


def read_books(database: Path, cluster_id: str) -> Books:
    """Read every figure in one snapshot."""
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        connection.execute("BEGIN")
        (billed,) = _row(connection, _BILLED, cluster_id)
        waiting_bytes, waiting = _row(connection, _WAITING, cluster_id)
        both = {name: _pair(connection, sql, cluster_id) for name, sql in _BOTH.items()}
        return Books(
            **both,
            billed_bytes=billed + waiting_bytes,
            unknown_bytes=_row(connection, _UNKNOWN, cluster_id)[0],
            collected_windows=_row(connection, _COUNT, cluster_id)[0],
            waiting_messages=waiting,
        )


def read_ranges(database: Path, cluster_id: str) -> Mapping[TopicPartition, Log]:
    """Join the ranges of each partition; raise ScanError where one does not follow the other."""
    found: dict[TopicPartition, Log] = {}
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        rows = connection.execute(_RANGES, (cluster_id,)).fetchall()
    for topic_id, partition, first, following, size, records in rows:
        log = found.setdefault((topic_id, partition), Log(first_offset=first, next_offset=first))
        log.add(Batch(first_offset=first, next_offset=following, size_bytes=size, records=records))
    return found


def last_window(database: Path, cluster_id: str) -> int:
    """The number of the last window that is in the database, 0 before the first."""
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        return _row(connection, _LAST, cluster_id)[0]


def _row(connection: sqlite3.Connection, sql: str, cluster_id: str) -> tuple[int, ...]:
    return tuple(connection.execute(sql, (cluster_id,)).fetchone())


def _pair(connection: sqlite3.Connection, sql: str, cluster_id: str) -> tuple[int, int]:
    first, second = connection.execute(sql, (cluster_id,)).fetchone()
    return int(first or 0), int(second or 0)
