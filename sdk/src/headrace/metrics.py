"""What clusters measured over time, as the API answers it."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Literal

import msgspec

from headrace.models import Model

MetricName = Literal[
    "bytes_in_per_second",
    "bytes_out_per_second",
    "records_in_per_second",
    "requests_per_second",
    "produce_latency_p50_ms",
    "produce_latency_p99_ms",
    "fetch_latency_p50_ms",
    "fetch_latency_p99_ms",
    "stored_bytes",
    "partitions",
    "connections",
    "connections_refused_per_second",
    "lag_records",
    "throttled_requests_per_second",
    "throttled_ms_per_second",
]
StepSeconds = Literal[10, 60, 3600]


class MetricSeries(Model, frozen=True, kw_only=True):
    """One metric: a value for each step, None where nothing is known."""

    name: str
    unit: str
    values: list[float | None]


class MetricRow(Model, frozen=True, kw_only=True):
    """The values of one step."""

    started_at: datetime
    values: dict[str, float | None]


class Metrics(Model, frozen=True, kw_only=True):
    """Metrics over a range: value number i is of the step that begins i steps after `start`."""

    cluster_id: str
    start: datetime = msgspec.field(name="from")
    end: datetime = msgspec.field(name="to")
    step_seconds: int
    read_at: datetime | None = None
    series: list[MetricSeries]

    def rows(self) -> Iterator[MetricRow]:
        """Yield every step of which something is known."""
        for index, values in enumerate(zip(*(one.values for one in self.series), strict=True)):
            if any(value is not None for value in values):
                started_at = self.start + index * timedelta(seconds=self.step_seconds)
                names = (one.name for one in self.series)
                yield MetricRow(started_at=started_at, values=dict(zip(names, values, strict=True)))


def range_query(
    start: date | datetime | None,
    end: date | datetime | None,
    step: StepSeconds | None,
    names: Sequence[MetricName] = (),
) -> Mapping[str, str | int | Sequence[str]]:
    """Return the query that asks for a range."""
    query: dict[str, str | int | Sequence[str]] = {}
    if start is not None:
        query["from"] = start.isoformat()
    if end is not None:
        query["to"] = end.isoformat()
    if step is not None:
        query["step"] = step
    if names:
        query["names"] = list(names)
    return query
