from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.metering.errors import UsageMessageInvalidError
from billing.metering.messages import BYTES_MAX, PARTITIONS_MAX, parse
from tests.fixtures.billing import message

STARTED = datetime(2026, 11, 22, 11, 59, tzinfo=UTC)


def test_a_window_adds_its_bytes_and_times_to_its_hour() -> None:
    window = parse(
        message(
            "org_1", STARTED, bytes_in=5, bytes_out=7, stored_bytes=999, partitions=30,
            running_ms=1_500,
        )
    )  # fmt: skip
    quantities = window.quantities
    assert (quantities.bytes_in, quantities.bytes_out) == (5, 7)
    assert (quantities.running_ms, quantities.partition_ms) == (1_500, 45_000)
    assert quantities.stored_byte_seconds == 999 * 60


def test_byte_seconds_are_rounded_down_once_per_window() -> None:
    ended = STARTED + timedelta(milliseconds=1_999)
    window = parse(
        message("org_1", STARTED, ended_at=ended.isoformat(), running_ms=0, stored_bytes=3)
    )
    assert window.quantities.stored_byte_seconds == 3 * 1_999 // 1000 == 5


def test_fields_that_billing_does_not_ask_for_are_left_alone() -> None:
    assert parse(message("org_1", STARTED, records_in=3)).source == "lkc_orders/1/meter/1"


@pytest.mark.parametrize(
    "changes",
    [
        {"bytes_in": -1},
        {"bytes_in": BYTES_MAX + 1},
        {"bytes_in": 1.0},
        {"bytes_in": True},
        {"bytes_in": "1"},
        {"bytes_in": None},
        {"stored_bytes": -1},
        {"partitions": PARTITIONS_MAX + 1},
        {"running_ms": -1},
        {"running_ms": 60_001},
        {"started_at": "2026-11-22T11:59:00"},
        {"started_at": 1_795_348_740},
        {"started_at": "yesterday"},
        {"ended_at": "2026-11-22T11:59:00Z"},
        {"ended_at": "2026-11-22T12:00:00.001Z"},
        {"source": ""},
        {"source": "x" * 256},
        {"source": "a b"},
        {"organization_id": ""},
        {"cluster_name": ""},
        {"cluster_name": "a\nb"},
        {"plan": "p" * 33},
    ],
)
def test_what_can_not_be_is_refused_by_name(changes: dict[str, Any]) -> None:
    with pytest.raises(UsageMessageInvalidError) as refused:
        parse(message("org_1", STARTED) | changes)
    assert next(iter(changes)) in str(refused.value) or "window" in str(refused.value)


@pytest.mark.parametrize("field", sorted(set(message("org_1", STARTED)) - {"connections"}))
def test_every_field_is_needed(field: str) -> None:
    body = message("org_1", STARTED)
    del body[field]
    with pytest.raises(UsageMessageInvalidError, match=field):
        parse(body)


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)


@given(st.sampled_from(sorted(message("org_1", STARTED))), anything)
def test_anything_else_is_refused_or_read_but_never_fails_otherwise(
    field: str, value: object
) -> None:
    try:
        window = parse(message("org_1", STARTED) | {field: value})
    except UsageMessageInvalidError:
        return
    assert window.quantities.stored_byte_seconds >= 0


@given(anything)
def test_a_body_that_is_no_message_is_refused(body: object) -> None:
    with pytest.raises(UsageMessageInvalidError):
        parse(body)
