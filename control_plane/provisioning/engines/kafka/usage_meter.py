"""Counts what one cluster of Apache Kafka is used for, into usage windows that outlive everybody.

Nobody but who asks closes a window here: a node keeps counters of what is read, the meter looks at
them and at the logs whenever it is asked and one is due.
"""

import fcntl
import os
import uuid
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import structlog
from msgspec.json import Decoder, encode

from control_plane.provisioning.engines.kafka.cluster_directory import NODE_IDS, ClusterDirectory
from control_plane.provisioning.engines.kafka.metering import (
    FORMAT,
    Look,
    MeterState,
    PartitionSeen,
    acknowledge,
    close,
    is_due,
    next_offset,
)
from control_plane.provisioning.engines.kafka.node_usage import NodeUse, safe_end
from control_plane.provisioning.engines.kafka.nodes import Nodes
from control_plane.provisioning.engines.kafka.replicas import Replica, replicas
from control_plane.provisioning.engines.kafka.segments import Appended, Place, appended
from control_plane.provisioning.errors import (
    ClusterNotRunningError,
    ProvisioningError,
    UsageReportInvalidError,
    UsageWindowUnknownError,
)
from control_plane.provisioning.files import write_atomically
from control_plane.provisioning.usage import INT64_MAX, UsagePage, decode_page

# The whole cluster is counted as one.
BROKER_ID = 1
# While so many wait to be collected, no further one is closed: the next one lasts longer.
WINDOWS_WAITING_MAX = 10_000

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DECODER = Decoder(MeterState)

_logger = structlog.stdlib.get_logger("provisioning")

# Where what was counted ends in the files of a replica, by its directory.
Places = dict[Path, Place]


def to_ms(at: datetime) -> int:
    """Return the milliseconds from the epoch to `at`."""
    return (at - _EPOCH) // timedelta(milliseconds=1)


class UsageMeter:
    """The meter of one cluster; several, in several processes, count as one."""

    def __init__(
        self,
        directory: ClusterDirectory,
        nodes: Nodes,
        places: Places,
        now_ms: Callable[[], int],
        *,
        window_seconds: int,
    ) -> None:
        self._directory = directory
        self._nodes = nodes
        self._places = places
        self._now_ms = now_ms
        self._window_seconds = window_seconds

    def page(self, *, after: int, count_max: int) -> UsagePage:
        """Return windows as `Engine.usage_windows` does, closing the open one if that is due."""
        with self._state() as before:
            now_ms = self._now_ms()
            is_closing = is_due(before, now_ms, self._window_seconds)
            state = self._closed_if_it_can_be(before, now_ms, after) if is_closing else before
        windows = tuple(one for one in state.windows if one.number > after)[:count_max]
        page = UsagePage(
            meter_id=state.meter_id,
            window_seconds=self._window_seconds,
            acknowledged_through=state.acknowledged_through,
            closed_through=state.closed_through,
            windows=windows,
        )
        return decode_page(encode(page), broker_id=BROKER_ID, after=after)

    def close(self) -> None:
        """Close the open window now. Raises ClusterNotRunningError when no broker answers."""
        with self._state() as state:
            # A clock that went back must not keep what was used from being counted.
            ended_at_ms = state.ended_at_ms or 0
            self._closed(state, max(self._now_ms(), ended_at_ms + 1))

    def close_before_a_stop(self) -> None:
        """Count what a node knows that is about to end; what keeps that from being done is told."""
        try:
            self.close()
        except ProvisioningError as error:
            _logger.warning(
                "usage_not_counted_before_a_stop",
                cluster_id=self._directory.path.name,
                reason=error.detail,
            )

    def acknowledge(self, through: int) -> None:
        """Forget windows; raises UsageWindowUnknownError for one that is not closed."""
        with self._state() as state:
            if through > state.closed_through:
                raise UsageWindowUnknownError(f"usage window {through} is not closed")
            self._write(acknowledge(state, through))

    def _closed_if_it_can_be(self, state: MeterState, now_ms: int, after: int) -> MeterState:
        """Close the open window; without brokers those that are closed can still be had."""
        try:
            return self._closed(state, now_ms)
        except ClusterNotRunningError:
            if state.closed_through <= after:
                raise
            return state

    def _closed(self, state: MeterState, now_ms: int) -> MeterState:
        if len(state.windows) >= WINDOWS_WAITING_MAX:
            return state
        nodes = self._nodes.used()
        if not nodes:
            raise ClusterNotRunningError("none of its brokers answers")
        state = close(state, Look(now_ms, nodes, self._partitions(state, nodes)))
        self._write(state)
        return state

    def _partitions(
        self, state: MeterState, nodes: Mapping[int, NodeUse]
    ) -> Sequence[PartitionSeen]:
        told = {
            (node, one.topic, one.partition): one
            for node, use in nodes.items()
            for one in use.replicas
        }
        logs = {node: self._directory.node(node).logs for node in NODE_IDS}
        found: list[PartitionSeen] = []
        places: Places = {}
        for (topic_id, partition), copies in replicas(logs).items():
            living = [one for one in copies if not one.is_leaving]
            answers = {
                one: told[one.node, one.topic, partition]
                for one in living
                if (one.node, one.topic, partition) in told
            }
            first = next_offset(state, f"{topic_id}/{partition}")
            if living:
                end = safe_end([one.end_offset for one in answers.values()], len(living))
                sources = [one for one in answers if end and answers[one].end_offset >= end]
            else:
                end, sources = INT64_MAX, copies
            added = self._appended(sources, first, end or 0)
            if added.place is not None:
                places |= {one.directory: added.place for one in sources[:1]}
            found.append(
                PartitionSeen(
                    topic_id=topic_id,
                    topic=copies[0].topic,
                    partition=partition,
                    stored_bytes=max((one.bytes for one in answers.values()), default=0),
                    next_offset=added.next_offset,
                    appended_bytes=added.bytes,
                    appended_records=added.records,
                    is_leaving=not living,
                )
            )
        self._places.clear()
        self._places.update(places)
        return found

    def _appended(self, sources: Sequence[Replica], first: int, end: int) -> Appended:
        if not sources or end <= first:
            directory = sources[0].directory if sources else None
            known = None if directory is None else self._places.get(directory)
            return Appended(first, 0, 0, known)
        directory = sources[0].directory
        return appended(directory, first, end, self._places.get(directory))

    @contextmanager
    def _state(self) -> Generator[MeterState]:
        """Give what is remembered; nobody else changes it meanwhile."""
        if not self._directory.exists():
            raise ClusterNotRunningError("the cluster was not started yet")
        lock = os.open(self._directory.usage_lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield self._read()
        finally:
            os.close(lock)

    def _read(self) -> MeterState:
        try:
            raw = self._directory.usage_file.read_bytes()
        except FileNotFoundError:
            return MeterState(meter_id=str(uuid.uuid4()))
        try:
            state = _DECODER.decode(raw)
        except ValueError as error:
            raise UsageReportInvalidError(f"usage.json is damaged: {error}") from error
        if state.format != FORMAT:
            raise UsageReportInvalidError(f"usage.json has format {state.format}, not {FORMAT}")
        return state

    def _write(self, state: MeterState) -> None:
        write_atomically(self._directory.usage_file, encode(state))
