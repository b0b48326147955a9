"""What callers are told of points: ranges of time in even steps, rates and percentiles. Pure."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum, unique
from operator import attrgetter

from control_plane.metrics.errors import MetricsRangeInvalidError
from control_plane.metrics.points import Point, Step
from control_plane.metrics.readings import LATENCY_BOUNDS_MS

POINTS_MAX = 1_500
RANGE_DEFAULT = timedelta(hours=1)
MS_PER_SECOND = 1000
DECIMALS = 3

Value = float | int | None


@unique
class MetricName(StrEnum):
    """What can be asked for."""

    BYTES_IN = "bytes_in_per_second"
    BYTES_OUT = "bytes_out_per_second"
    RECORDS_IN = "records_in_per_second"
    REQUESTS = "requests_per_second"
    PRODUCE_P50 = "produce_latency_p50_ms"
    PRODUCE_P99 = "produce_latency_p99_ms"
    FETCH_P50 = "fetch_latency_p50_ms"
    FETCH_P99 = "fetch_latency_p99_ms"
    STORED_BYTES = "stored_bytes"
    PARTITIONS = "partitions"
    CONNECTIONS = "connections"
    CONNECTIONS_REFUSED = "connections_refused_per_second"
    LAG = "lag_records"
    THROTTLED = "throttled_requests_per_second"
    THROTTLED_MS = "throttled_ms_per_second"


@unique
class Unit(StrEnum):
    """What values are counted in."""

    BYTES = "bytes"
    BYTES_PER_SECOND = "bytes/s"
    PER_SECOND = "1/s"
    MILLISECONDS = "ms"
    MS_PER_SECOND = "ms/s"
    COUNT = "1"


@dataclass(frozen=True, slots=True)
class Range:
    """Steps from `start` to `end`, both full steps."""

    start: datetime
    end: datetime
    step: Step

    @property
    def count(self) -> int:
        """How many steps there are."""
        return (self.end - self.start) // self.step.length

    def index(self, started_at: datetime) -> int:
        """Return which step of the range begins then."""
        return (started_at - self.start) // self.step.length


@dataclass(frozen=True, slots=True)
class Series:
    """One metric: a value for every step of a range, None where nothing is known."""

    name: MetricName
    unit: Unit
    values: Sequence[Value]


def choose_range(
    start: datetime | None, end: datetime | None, step: Step | None, now: datetime
) -> Range:
    """Return the steps that hold [start, end), the last hour where neither is said.

    Without a step it is the shortest that is kept for so long and makes no more than POINTS_MAX
    points. Raises MetricsRangeInvalidError.
    """
    begins = (end or now) - RANGE_DEFAULT if start is None else start
    ends = max(now, begins + RANGE_DEFAULT) if end is None else end
    if begins >= ends:
        raise MetricsRangeInvalidError(
            "the range ends before it begins", advice="choose a `to` after `from`"
        )
    if step is not None:
        return _checked(Range(step.floor(begins), step.ceiling(ends), step), begins, now)
    for one in Step:
        found = Range(one.floor(begins), one.ceiling(ends), one)
        if found.count <= POINTS_MAX and begins >= now - one.kept:
            return found
    widest = Step.HOUR
    return _checked(Range(widest.floor(begins), widest.ceiling(ends), widest), begins, now)


def _checked(found: Range, begins: datetime, now: datetime) -> Range:
    step = found.step
    if found.count > POINTS_MAX:
        raise MetricsRangeInvalidError(
            f"{found.count} points of {step.value} s are too many, {POINTS_MAX} the most",
            advice="choose a shorter range or a longer step",
        )
    # Asked for from its beginning on, a step that is kept may begin a moment before.
    if begins < now - step.kept - step.length:
        raise MetricsRangeInvalidError(
            f"points of {step.value} s are kept for {step.kept}, and this range begins earlier",
            advice="choose a later `from` or a longer step",
        )
    return found


def series_of(
    wanted: Range, points: Mapping[datetime, Point], names: Sequence[MetricName]
) -> list[Series]:
    """Return the values of each name for every step."""
    slots: list[Point | None] = [None] * wanted.count
    for started_at, point in points.items():
        slots[wanted.index(started_at)] = point
    return [
        Series(
            name,
            _TOLD[name].unit,
            [None if point is None else _TOLD[name].value(point) for point in slots],
        )
        for name in names
    ]


def lag_of(wanted: Range, points: Mapping[datetime, Point], group: str) -> Series:
    """Return how many records a group had not read in every step."""
    values: list[Value] = [None] * wanted.count
    for started_at, point in points.items():
        values[wanted.index(started_at)] = point.levels.lags.get(group)
    return Series(MetricName.LAG, Unit.COUNT, values)


def percentile_ms(counts: Sequence[int], share: float) -> float | None:
    """Return below which time, in ms, a share of requests lay; None without any.

    Within two bounds times are taken for evenly spread; beyond the last, for the last.
    """
    total = sum(counts)
    if total == 0:
        return None
    rank, before, low = share * total, 0, 0.0
    for count, high in zip(counts, LATENCY_BOUNDS_MS, strict=False):
        if count > 0 and before + count >= rank:
            return round(low + (high - low) * (rank - before) / count, DECIMALS)
        before, low = before + count, float(high)
    return low


@dataclass(frozen=True, slots=True)
class _Told:
    """How a metric is found in a point."""

    unit: Unit
    value: Callable[[Point], Value]


def _rate(unit: Unit, counter: str) -> _Told:
    count = attrgetter(counter)

    def value(point: Point) -> Value:
        if point.covered_ms == 0:
            return None
        return round(count(point.counters) * MS_PER_SECOND / point.covered_ms, DECIMALS)

    return _Told(unit, value)


def _percentile(counter: str, share: float) -> _Told:
    counts = attrgetter(counter)
    return _Told(Unit.MILLISECONDS, lambda point: percentile_ms(counts(point.counters), share))


def _level(unit: Unit, level: str) -> _Told:
    found = attrgetter(level)
    return _Told(unit, lambda point: found(point.levels))


_TOLD: Mapping[MetricName, _Told] = {
    MetricName.BYTES_IN: _rate(Unit.BYTES_PER_SECOND, "bytes_in"),
    MetricName.BYTES_OUT: _rate(Unit.BYTES_PER_SECOND, "bytes_out"),
    MetricName.RECORDS_IN: _rate(Unit.PER_SECOND, "records_in"),
    MetricName.REQUESTS: _rate(Unit.PER_SECOND, "requests"),
    MetricName.PRODUCE_P50: _percentile("produce_latencies", 0.5),
    MetricName.PRODUCE_P99: _percentile("produce_latencies", 0.99),
    MetricName.FETCH_P50: _percentile("fetch_latencies", 0.5),
    MetricName.FETCH_P99: _percentile("fetch_latencies", 0.99),
    MetricName.STORED_BYTES: _level(Unit.BYTES, "stored_bytes"),
    MetricName.PARTITIONS: _level(Unit.COUNT, "partitions"),
    MetricName.CONNECTIONS: _level(Unit.COUNT, "connections"),
    MetricName.CONNECTIONS_REFUSED: _rate(Unit.PER_SECOND, "connections_refused"),
    MetricName.LAG: _level(Unit.COUNT, "lag"),
    MetricName.THROTTLED: _rate(Unit.PER_SECOND, "throttled"),
    MetricName.THROTTLED_MS: _rate(Unit.MS_PER_SECOND, "throttled_ms"),
}
