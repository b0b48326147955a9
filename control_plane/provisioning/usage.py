"""What a broker reports that was used: closed usage windows, in pages.

`decode_page` is the border: what it returns keeps the broker's contract (docs/broker-process.md),
every number is bounded and every sum is right.
"""

from collections import Counter
from collections.abc import Hashable, Iterable
from typing import Annotated

from msgspec import DecodeError, Meta, Struct, field
from msgspec.json import Decoder
from msgspec.structs import replace

from control_plane.provisioning.errors import UsageReportInvalidError

HOUR_MS = 3_600_000
INT64_MAX = 2**63 - 1

# Sums of a day stay within 64 bits, byte-seconds included.
STORED_BYTES_MAX = 2**46
WINDOW_BYTES_MAX = 2**50
WINDOW_COUNT_MAX = 2**50

INSTANT_MS_MAX = 253_402_300_799_999  # the end of the year 9999
PARTITIONS_MAX = 1_000_000
CONNECTIONS_MAX = 10_000_000
WINDOWS_PER_PAGE_MAX = 100
RANGES_PER_WINDOW_MAX = 100_000

MeterId = Annotated[str, Meta(pattern=r"^[0-9a-f-]{36}$")]
TopicId = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_-]{22}$")]
TopicName = Annotated[str, Meta(pattern=r"^[A-Za-z0-9._-]{1,249}$")]
PrincipalName = Annotated[str, Meta(pattern=r"^[^\x00]{1,256}$")]
Number = Annotated[int, Meta(ge=0, le=INT64_MAX)]
Offset = Annotated[int, Meta(ge=0, le=INT64_MAX)]
InstantMs = Annotated[int, Meta(ge=0, le=INSTANT_MS_MAX)]
Bytes = Annotated[int, Meta(ge=0, le=WINDOW_BYTES_MAX)]
Count = Annotated[int, Meta(ge=0, le=WINDOW_COUNT_MAX)]


class PrincipalShare(Struct, frozen=True):
    """The part of a range that one principal appended."""

    principal: PrincipalName
    bytes: Bytes
    records: Count


class AppendedRange(Struct, frozen=True):
    """Offsets [first, next) of one partition, with the bytes of their record batches."""

    topic_id: TopicId
    topic: TopicName
    partition: Annotated[int, Meta(ge=0, lt=PARTITIONS_MAX)]
    first_offset: Offset
    next_offset: Offset
    bytes: Bytes
    records: Count
    by_principal: Annotated[tuple[PrincipalShare, ...], Meta(max_length=RANGES_PER_WINDOW_MAX)]


class TopicTraffic(Struct, frozen=True):
    """What one principal asked of one topic."""

    topic_id: TopicId
    topic: TopicName
    principal: PrincipalName
    read_bytes: Bytes
    read_requests: Count
    produce_requests: Count


class UsageWindow(Struct, frozen=True):
    """What was used in [started, ended), UTC, within one hour.

    `stored_bytes`, `partitions` and `connections` are as at its end; the broker ran for
    `running_ms` of it. Each partition has at most one range, each topic and principal one traffic.
    """

    number: Annotated[int, Meta(ge=1, le=INT64_MAX)] = field(name="id")
    started_at_ms: InstantMs
    ended_at_ms: InstantMs
    running_ms: Annotated[int, Meta(ge=0, le=HOUR_MS)]
    stored_bytes: Annotated[int, Meta(ge=0, le=STORED_BYTES_MAX)]
    partitions: Annotated[int, Meta(ge=0, le=PARTITIONS_MAX)]
    connections: Annotated[int, Meta(ge=0, le=CONNECTIONS_MAX)]
    appended: Annotated[tuple[AppendedRange, ...], Meta(max_length=RANGES_PER_WINDOW_MAX)]
    traffic: Annotated[tuple[TopicTraffic, ...], Meta(max_length=RANGES_PER_WINDOW_MAX)]


class UsagePage(Struct, frozen=True):
    """Some closed windows of a meter, in the order of their numbers, without gaps.

    They follow the window that was asked after, or `acknowledged_through` where that is later.
    """

    meter_id: MeterId
    window_seconds: Annotated[int, Meta(ge=1, le=3600)]
    acknowledged_through: Number
    closed_through: Number
    windows: Annotated[tuple[UsageWindow, ...], Meta(max_length=WINDOWS_PER_PAGE_MAX)]
    broker_id: int = 0  # not sent: who asked knows


_DECODER = Decoder(UsagePage)


def decode_page(raw: bytes, *, broker_id: int, after: int) -> UsagePage:
    """Read a broker's answer; raise UsageReportInvalidError unless it keeps the contract."""
    try:
        page = replace(_DECODER.decode(raw), broker_id=broker_id)
    except (DecodeError, RecursionError) as error:
        raise UsageReportInvalidError(f"a page of usage windows: {error}") from error
    _check_numbers(page, after)
    for window in page.windows:
        _check_window(window)
    for earlier, later in zip(page.windows, page.windows[1:], strict=False):
        _require(
            later.started_at_ms >= earlier.ended_at_ms,
            f"window {later.number} begins before window {earlier.number} ends",
        )
    return page


def _check_numbers(page: UsagePage, after: int) -> None:
    _require(
        page.acknowledged_through <= page.closed_through,
        f"windows through {page.acknowledged_through} are acknowledged, but only those through "
        f"{page.closed_through} are closed",
    )
    expected = max(after, page.acknowledged_through) + 1
    for window in page.windows:
        _require(window.number == expected, f"window {window.number} where {expected} is due")
        expected += 1
    _require(
        expected - 1 <= page.closed_through or not page.windows,
        f"window {expected - 1} is not closed",
    )
    _require(
        bool(page.windows) or page.closed_through < expected,
        f"windows {expected} to {page.closed_through} are missing",
    )


def _check_window(window: UsageWindow) -> None:
    name = f"window {window.number}"
    duration_ms = window.ended_at_ms - window.started_at_ms
    _require(duration_ms > 0, f"{name} ends before it begins, or at once")
    hour_ends_at_ms = window.started_at_ms - window.started_at_ms % HOUR_MS + HOUR_MS
    _require(window.ended_at_ms <= hour_ends_at_ms, f"{name} crosses a full hour")
    _require(window.running_ms <= duration_ms, f"{name} runs longer than it lasts")
    ranges = ((one.topic_id, one.partition) for one in window.appended)
    _require_unique(ranges, f"{name} has two ranges of a partition")
    pairs = ((one.topic_id, one.principal) for one in window.traffic)
    _require_unique(pairs, f"{name} has two traffics of a topic and principal")
    for one in window.appended:
        _check_range(one, f"{name}, {one.topic_id} partition {one.partition}")
    _require(
        sum(one.bytes for one in window.appended) <= WINDOW_BYTES_MAX
        and sum(one.records for one in window.appended) <= WINDOW_COUNT_MAX
        and sum(one.read_bytes for one in window.traffic) <= WINDOW_BYTES_MAX,
        f"{name} holds more than can be",
    )


def _check_range(one: AppendedRange, name: str) -> None:
    offsets = f"{one.first_offset} to {one.next_offset}"
    _require(one.first_offset < one.next_offset, f"{name}: offsets {offsets} are no range")
    _require(
        one.records <= one.next_offset - one.first_offset,
        f"{name}: {one.records} records in offsets {offsets}",
    )
    shares = one.by_principal
    _require_unique((share.principal for share in shares), f"{name}: a principal stands twice")
    _require(
        sum(share.bytes for share in shares) == one.bytes
        and sum(share.records for share in shares) == one.records,
        f"{name}: the principals' parts do not sum to {one.bytes} bytes, {one.records} records",
    )


def _require_unique(items: Iterable[Hashable], otherwise: str) -> None:
    _require(max(Counter(items).values(), default=1) == 1, otherwise)


def _require(condition: bool, otherwise: str) -> None:  # noqa: FBT001 - reads like an assertion
    if not condition:
        raise UsageReportInvalidError(otherwise)
