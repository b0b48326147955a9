"""Where a read begins, from what a query says."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from api.v1.read_start import read_start
from data_plane.gateway.consumers import Since
from data_plane.gateway.errors import ReadSinceFutureError, ReadStartAmbiguousError
from tests.fixtures.clocks import ManualClock

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
HOUR = timedelta(hours=1)


def test_an_offset_is_a_number_or_one_end(clock: ManualClock) -> None:
    found = [read_start(offset, None, clock) for offset in (None, "earliest", "latest", "0012")]
    assert found == ["earliest", "earliest", "latest", 12]


@pytest.mark.parametrize(
    ("since", "timestamp_ms"),
    [
        (EPOCH, 0),
        (EPOCH + MICROSECOND, 1),
        (EPOCH + 1000 * MICROSECOND, 1),
        (EPOCH + 1001 * MICROSECOND, 2),
        (EPOCH - HOUR, 0),
        (datetime.min.replace(tzinfo=UTC), 0),
    ],
)
def test_a_time_is_the_first_millisecond_that_is_not_before_it(
    clock: ManualClock, since: datetime, timestamp_ms: int
) -> None:
    assert read_start(None, since, clock) == Since(timestamp_ms)


def test_the_future_is_refused_beyond_what_timestamps_may_be_ahead(clock: ManualClock) -> None:
    now = clock.now()
    assert isinstance(read_start(None, now + HOUR, clock), Since)
    with pytest.raises(ReadSinceFutureError) as refused:
        read_start(None, now + HOUR + MICROSECOND, clock)
    assert refused.value.advice is not None
    assert "latest" in refused.value.advice
    assert refused.value.detail == (
        "2026-11-22T13:00:00Z is in the future: it is 2026-11-22T12:00:00Z"
    )


def test_two_places_are_refused(clock: ManualClock) -> None:
    with pytest.raises(ReadStartAmbiguousError):
        read_start("0", clock.now(), clock)
