"""What a broker says of usage is believed only where it can be."""

import json
from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest

from control_plane.provisioning.errors import UsageReportInvalidError
from control_plane.provisioning.usage import (
    STORED_BYTES_MAX,
    WINDOW_BYTES_MAX,
    UsagePage,
    decode_page,
)

Change = Callable[[dict[str, Any]], object]

PAGE: dict[str, Any] = {
    "meter_id": "0b0b9a3e-6f5c-4a45-9d3c-3f1f5d7b8a10",
    "window_seconds": 60,
    "acknowledged_through": 11,
    "closed_through": 14,
    "windows": [
        {
            "id": 12,
            "started_at_ms": 1_732_305_480_000,
            "ended_at_ms": 1_732_305_540_000,
            "running_ms": 60_000,
            "stored_bytes": 123_456,
            "partitions": 30,
            "connections": 4,
            "appended": [
                {
                    "topic_id": "AAECAwQFBgcICQoLDA0ODw",
                    "topic": "orders",
                    "partition": 0,
                    "first_offset": 0,
                    "next_offset": 120,
                    "bytes": 4096,
                    "records": 120,
                    "by_principal": [
                        {"principal": "User:hk_1", "bytes": 4000, "records": 118},
                        {"principal": "unknown", "bytes": 96, "records": 2},
                    ],
                }
            ],
            "traffic": [
                {
                    "topic_id": "AAECAwQFBgcICQoLDA0ODw",
                    "topic": "orders",
                    "principal": "User:hk_1",
                    "read_bytes": 8192,
                    "read_requests": 3,
                    "produce_requests": 5,
                }
            ],
        },
        {
            "id": 13,
            "started_at_ms": 1_732_305_540_000,
            "ended_at_ms": 1_732_305_600_000,
            "running_ms": 0,
            "stored_bytes": 0,
            "partitions": 0,
            "connections": 0,
            "appended": [],
            "traffic": [],
        },
    ],
}


def decode(page: dict[str, Any], after: int = 11) -> UsagePage:
    return decode_page(json.dumps(page).encode(), broker_id=1, after=after)


def changed(change: Change) -> dict[str, Any]:
    page = deepcopy(PAGE)
    change(page)
    return page


def window(**fields: Any) -> Change:
    return lambda page: page["windows"][0].update(fields)


def first_range(**fields: Any) -> Change:
    return lambda page: page["windows"][0]["appended"][0].update(fields)


def share(**fields: Any) -> Change:
    return lambda page: page["windows"][0]["appended"][0]["by_principal"][0].update(fields)


def traffic(**fields: Any) -> Change:
    return lambda page: page["windows"][0]["traffic"][0].update(fields)


def top(**fields: Any) -> Change:
    return lambda page: page.update(fields)


def twice(*path: str | int) -> Change:
    """Repeat the first item of a list."""

    def change(page: Any) -> None:
        for step in path:
            page = page[step]
        page.append(page[0])

    return change


class TestDecode:
    def test_reads_what_the_contract_shows(self) -> None:
        page = decode(PAGE)
        assert (page.broker_id, page.meter_id) == (1, PAGE["meter_id"])
        assert [one.number for one in page.windows] == [12, 13]
        assert page.windows[0].appended[0].by_principal[1].principal == "unknown"
        assert page.windows[0].traffic[0].read_bytes == 8192

    def test_ignores_what_a_newer_broker_adds(self) -> None:
        assert decode(changed(window(compacted_bytes=1))) == decode(PAGE)

    def test_the_broker_does_not_say_who_it_is(self) -> None:
        assert decode(changed(top(broker_id=9))).broker_id == 1

    def test_goes_on_after_what_was_acknowledged(self) -> None:
        assert [one.number for one in decode(PAGE, after=3).windows] == [12, 13]

    def test_may_hold_nothing(self) -> None:
        assert decode(changed(top(windows=[], closed_through=11))).windows == ()


@pytest.mark.parametrize(
    "change",
    [
        top(meter_id="another"),
        top(meter_id=None),
        top(window_seconds=0),
        top(acknowledged_through=-1),
        top(acknowledged_through=15),
        top(acknowledged_through=12),
        top(closed_through=12),
        top(closed_through=2**63),
        top(windows=[]),
        top(windows="none"),
        twice("windows"),
        window(id=11),
        window(id=13),
        window(id="12"),
        window(id=True),
        window(started_at_ms=1_732_305_540_001),
        window(started_at_ms=1_732_305_480_000.5),
        window(ended_at_ms=1_732_305_540_001),
        window(ended_at_ms=1_732_305_480_000, running_ms=0),
        window(ended_at_ms=1_732_309_080_000),
        window(started_at_ms=1_732_301_880_000),
        window(running_ms=60_001),
        window(running_ms=-1),
        window(stored_bytes=-1),
        window(stored_bytes=STORED_BYTES_MAX + 1),
        window(partitions=-1),
        window(connections=1.0),
        window(appended=None),
        twice("windows", 0, "appended"),
        twice("windows", 0, "traffic"),
        twice("windows", 0, "appended", 0, "by_principal"),
        first_range(topic_id="short"),
        first_range(topic="no name"),
        first_range(partition=-1),
        first_range(first_offset=120),
        first_range(first_offset=121),
        first_range(first_offset=1),
        first_range(first_offset=-1),
        first_range(next_offset=2**63),
        first_range(bytes=4097),
        first_range(bytes=-4096),
        first_range(records=119),
        first_range(by_principal=[]),
        share(bytes=4001),
        share(records=117),
        share(bytes=-4000),
        share(principal=""),
        share(principal="a\0b"),
        share(principal="p" * 257),
        traffic(read_bytes=-1),
        traffic(read_bytes=WINDOW_BYTES_MAX + 1),
        traffic(read_requests=-1),
        traffic(produce_requests="5"),
        traffic(principal="a\0b"),
    ],
)
def test_what_can_not_be_is_refused(change: Change) -> None:
    with pytest.raises(UsageReportInvalidError):
        decode(changed(change))


@pytest.mark.parametrize("raw", [b"", b"[]", b"{}", b"null", b"\xff", b'{"windows":[' * 2000])
def test_what_is_no_page_is_refused(raw: bytes) -> None:
    with pytest.raises(UsageReportInvalidError):
        decode_page(raw, broker_id=1, after=0)
