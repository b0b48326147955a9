"""Where `headrace consume --from` begins, as people write it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from headrace.cli.read_start import read_start
from headrace.resources.records import Start

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
EAST = timezone(timedelta(hours=1))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("earliest", "earliest"),
        ("latest", "latest"),
        ("0", 0),
        ("1204", 1204),
        ("90s", NOW - timedelta(seconds=90)),
        ("15m", NOW - timedelta(minutes=15)),
        ("2h", NOW - timedelta(hours=2)),
        ("7d", NOW - timedelta(days=7)),
        ("0s", NOW),
        ("999999999d", datetime(1970, 1, 1, tzinfo=UTC)),
        ("2026-11-22", datetime(2026, 11, 22, tzinfo=UTC)),
        ("2026-11-22T09:30:00Z", datetime(2026, 11, 22, 9, 30, tzinfo=UTC)),
        ("2026-11-22 09:30+01:00", datetime(2026, 11, 22, 9, 30, tzinfo=EAST)),
        ("2026-11-22T09:30:00.250Z", datetime(2026, 11, 22, 9, 30, 0, 250_000, tzinfo=UTC)),
    ],
)
def test_it_is_read(text: str, expected: Start) -> None:
    assert read_start(text, NOW) == expected


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "earliest, latest, an offset"),
        ("-1", "earliest, latest, an offset"),
        ("first", "earliest, latest, an offset"),
        ("2w", "how long ago: 90s, 15m, 2h, 7d"),
        ("h", "how long ago"),
        ("\u0663h", "how long ago"),
        ("2026-11-22T09:30:00", "needs its zone"),
        ("2026-02-30", "no such time"),
        ("2026-11-22Tnoon", "no such time"),
        ("22.11.2026", "2026-11-22"),
    ],
)
def test_what_is_none_is_refused_with_what_is_expected(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        read_start(text, NOW)
