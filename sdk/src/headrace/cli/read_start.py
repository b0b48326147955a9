"""Where `headrace consume` begins, as people write it."""

import re
from datetime import UTC, datetime, timedelta

from headrace.resources.records import Start

EARLIEST, LATEST = "earliest", "latest"

_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
_AGO = re.compile(r"([0-9]{1,9})([smhd])", re.ASCII)
_MOMENT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}([T ].+)?", re.ASCII)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def read_start(text: str, now: datetime) -> Start:
    """Read one end, an offset, a date or moment, or how long ago.

    A date is its beginning in UTC, a moment needs a zone. Raises ValueError, which says what is
    expected.
    """
    if text == EARLIEST:
        return "earliest"
    if text == LATEST:
        return "latest"
    if text.isascii() and text.isdigit():
        return int(text)
    if ago := _AGO.fullmatch(text):
        seconds = int(ago[1]) * _SECONDS[ago[2]]
        return max(_EPOCH, now - timedelta(seconds=min(seconds, now.timestamp())))
    if _MOMENT.fullmatch(text):
        return _moment(text)
    raise ValueError(
        "earliest, latest, an offset, a time such as 2026-11-22T09:30:00Z or 2026-11-22, "
        "or how long ago: 90s, 15m, 2h, 7d"
    )


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise ValueError(f"no such time: {error}") from None
    if len(text) == len("2026-11-22"):
        return moment.replace(tzinfo=UTC)
    if moment.tzinfo is None:
        raise ValueError("a time needs its zone, such as 2026-11-22T09:30:00Z or ...+01:00")
    return moment
