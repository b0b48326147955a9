"""Where a read begins: the query's words for it, and what the gateway is asked."""

from datetime import UTC, datetime, timedelta

from control_plane.kit.clock import Clock
from data_plane.gateway.consumers import EARLIEST, LATEST, Since, Start
from data_plane.gateway.errors import ReadSinceFutureError, ReadStartAmbiguousError
from data_plane.gateway.limits import SINCE_AHEAD_MS_MAX

OFFSET_PATTERN = r"^(earliest|latest|[0-9]{1,18})$"

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


def read_start(offset: str | None, since: datetime | None, clock: Clock) -> Start:
    """Return where to begin; raise ReadStartAmbiguousError or ReadSinceFutureError."""
    if since is None:
        return _at(offset or EARLIEST)
    if offset is not None:
        raise ReadStartAmbiguousError
    now = clock.now()
    if since > now + timedelta(milliseconds=SINCE_AHEAD_MS_MAX):
        raise ReadSinceFutureError(_text(since), _text(now))
    # Rounded up: what is less than a millisecond older than asked for is older. Timestamps are
    # never before 1970, and negative ones have meanings of their own in Kafka's protocol.
    return Since(max(0, -((_EPOCH - since) // _MILLISECOND)))


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _at(offset: str) -> Start:
    if offset == EARLIEST:
        return EARLIEST
    return LATEST if offset == LATEST else int(offset)
