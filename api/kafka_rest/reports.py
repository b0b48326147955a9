"""Delivery reports: what is told about each record, in the shape of Confluent's REST v3."""

from datetime import UTC, datetime, timedelta

import msgspec

from api.kafka_rest.errors import error_code
from control_plane.kit.errors import AppError
from data_plane.gateway.records import Delivered, NewRecord

DELIVERED_CODE = 200
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class DataReport(msgspec.Struct):
    """What was taken for a key or a value."""

    type: str
    size: int


class Report(msgspec.Struct, omit_defaults=True):
    """Where a record stands."""

    error_code: int
    cluster_id: str
    topic_name: str
    partition_id: int
    offset: int
    timestamp: datetime | None = None
    key: DataReport | None = None
    value: DataReport | None = None


class FailureReport(msgspec.Struct):
    """Why a record of a stream was not written; `code` is the stable one of our problems."""

    error_code: int
    message: str
    code: str


def report(
    cluster_id: str, topic: str, record: NewRecord | None, outcome: Delivered | AppError
) -> Report | FailureReport:
    """Tell what became of a record."""
    if isinstance(outcome, AppError):
        return failure_report(outcome)
    assert record is not None
    return Report(
        error_code=DELIVERED_CODE,
        cluster_id=cluster_id,
        topic_name=topic,
        partition_id=outcome.partition,
        offset=outcome.offset,
        timestamp=_instant(outcome.timestamp_ms),
        key=_data(record.key_type, record.key),
        value=_data(record.value_type, record.value),
    )


def failure_report(error: AppError) -> FailureReport:
    """Tell why a record, or the rest of a stream, was not written."""
    return FailureReport(error_code(error), error.detail, error.code)


def _instant(timestamp_ms: int | None) -> datetime | None:
    if timestamp_ms is None:
        return None
    try:
        return EPOCH + timedelta(milliseconds=timestamp_ms)
    except OverflowError:  # beyond the year 9999, which RFC 3339 can not write
        return None


def _data(kind: str | None, content: bytes | None) -> DataReport | None:
    return None if content is None or kind is None else DataReport(kind, len(content))
