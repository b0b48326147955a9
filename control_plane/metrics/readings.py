"""What a broker says of itself at one moment, read from its own metrics. Pure.

Counters count since the broker started; what happened in between is the difference of two readings.
"""

import operator
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from itertools import pairwise
from typing import Any, cast

PREFIX = "headrace_broker_"
TEXT_BYTES_MAX = 1024 * 1024

# The bounds that brokers sort the times of requests by, in milliseconds; what took longer than the
# last is counted behind it.
LATENCY_BOUNDS_MS = (0.5, 1, 2.5, 5, 25, 100, 500, 5_000, 30_000)
NO_LATENCIES = (0,) * (len(LATENCY_BOUNDS_MS) + 1)

# Requests after which sizes, partitions or offsets may be others than before.
CHANGING = frozenset(
    {
        "CreatePartitions",
        "CreateTopics",
        "DeleteGroups",
        "DeleteRecords",
        "DeleteTopics",
        "OffsetCommit",
        "OffsetDelete",
        "Produce",
        "TxnOffsetCommit",
    }
)

_SAMPLE = re.compile(r"([a-z_]+)(?:\{([^}]*)\})? (\S+)")
_LABEL = re.compile(r'([a-z]+)="([^"]*)"')
_END = "# EOF"

# What is added up over all labels: the field, by the name of the broker's counter or gauge.
_SUMMED = {
    "appended_bytes_total": "bytes_in",
    "appended_records_total": "records_in",
    "fetched_bytes_total": "bytes_out",
    "requests_total": "requests",
    "connections_refused_total": "connections_refused",
    "throttled_total": "throttled",
    "throttled_milliseconds_total": "throttled_ms",
    "connections": "connections",
    "groups": "groups",
}
_GAUGES = frozenset({"connections", "groups"})
_HISTOGRAM_BUCKET = "request_seconds_bucket"
_HISTOGRAMS = {"Produce": "produce_latencies", "Fetch": "fetch_latencies"}


Counts = int | tuple[int, ...]


class ReadingError(ValueError):
    """The broker's metrics can not be read."""


@dataclass(frozen=True, slots=True)
class Counters:
    """What was counted: since a broker's start, or in a span of time.

    Latencies are requests by `LATENCY_BOUNDS_MS`, each counted where it belongs and nowhere else.
    `changes` are requests after which sizes or offsets may be others.
    """

    bytes_in: int = 0
    records_in: int = 0
    bytes_out: int = 0
    requests: int = 0
    connections_refused: int = 0
    throttled: int = 0
    throttled_ms: int = 0
    changes: int = 0
    produce_latencies: tuple[int, ...] = NO_LATENCIES
    fetch_latencies: tuple[int, ...] = NO_LATENCIES

    def plus(self, other: "Counters") -> "Counters":
        """Return the sums."""
        return self._with(other, operator.add)

    def since(self, before: "Counters") -> "Counters":
        """Return what was counted since `before`; everything, if a broker started meanwhile."""
        return self if self.is_restarted(before) else self._with(before, operator.sub)

    def is_restarted(self, before: "Counters") -> bool:
        """Tell whether these are counted from a later start on: something was counted back."""
        return any(
            any(now < then for now, then in zip(mine, theirs, strict=True))
            for mine, theirs in zip(self.flat(), before.flat(), strict=True)
        )

    def to_json(self) -> dict[str, Any]:
        """Return what a row holds of them."""
        return {
            name: list(value) if isinstance(value, tuple) else value
            for name, value in self._values().items()
        }

    def flat(self) -> Sequence[tuple[int, ...]]:
        """Return all counts, in the order of the fields."""
        values = self._values().values()
        return [value if isinstance(value, tuple) else (value,) for value in values]

    def _values(self) -> dict[str, Counts]:
        return {one.name: cast("Counts", getattr(self, one.name)) for one in fields(self)}

    def _with(self, other: "Counters", combine: Callable[[int, int], int]) -> "Counters":
        found: dict[str, Any] = {}
        for name, mine, theirs in zip(self._values(), self.flat(), other.flat(), strict=True):
            combined = tuple(map(combine, mine, theirs))
            is_several = name in _HISTOGRAMS.values()
            found[name] = combined if is_several else combined[0]
        return Counters(**found)


@dataclass(frozen=True, slots=True)
class Reading:
    """One look at a broker: what it has counted, and what there is now."""

    counters: Counters
    connections: int
    groups: int


def counters_from_json(value: Mapping[str, Any]) -> Counters:
    """Return what `Counters.to_json` wrote; what another version did not know is 0."""
    known = {one.name for one in fields(Counters)}
    found: dict[str, Any] = {
        name: tuple(cast("list[int]", one)) if isinstance(one, list) else one
        for name, one in value.items()
        if name in known
    }
    return Counters(**found)


def read_metrics(text: str) -> Reading:
    """Read a broker's metrics, OpenMetrics text; raise ReadingError."""
    if len(text) > TEXT_BYTES_MAX or not text.rstrip().endswith(_END):
        raise ReadingError("no whole OpenMetrics text")
    sums: dict[str, int] = {}
    cumulated: dict[str, dict[float, int]] = {name: {} for name in _HISTOGRAMS.values()}
    for line in text.splitlines():
        if not line.startswith(PREFIX):
            continue
        found = _SAMPLE.match(line, len(PREFIX))
        if found is None:
            raise ReadingError(f"no sample: {line[:100]}")
        name, labels, value = found[1], found[2] or "", found[3]
        if name in _SUMMED:
            count = _whole(value)
            sums[_SUMMED[name]] = sums.get(_SUMMED[name], 0) + count
            if name == "requests_total" and _label(labels, "api") in CHANGING:
                sums["changes"] = sums.get("changes", 0) + count
        elif name == _HISTOGRAM_BUCKET:
            histogram = _HISTOGRAMS.get(_label(labels, "api"))
            if histogram is not None:
                cumulated[histogram][_bound(labels)] = _whole(value)
    gauges = {name: sums.pop(name, 0) for name in _GAUGES}
    counted: dict[str, Any] = {**sums}
    counted |= {name: _counts(buckets) for name, buckets in cumulated.items()}
    return Reading(Counters(**counted), gauges["connections"], gauges["groups"])


def _label(labels: str, name: str) -> str:
    return next((found[2] for found in _LABEL.finditer(labels) if found[1] == name), "")


def _bound(labels: str) -> float:
    try:
        return float(_label(labels, "le")) * 1000
    except ValueError as error:
        raise ReadingError(f"no bound: {labels[:100]}") from error


def _whole(value: str) -> int:
    try:
        return int(float(value))
    except (ValueError, OverflowError) as error:
        raise ReadingError(f"no number: {value[:100]}") from error


def _counts(cumulated: Mapping[float, int]) -> tuple[int, ...]:
    """Return how many requests lie between two bounds each, from sums up to each bound."""
    if not cumulated:
        return NO_LATENCIES
    bounds = sorted(cumulated)
    expected = (*LATENCY_BOUNDS_MS, float("inf"))
    is_known = len(bounds) == len(expected) and all(
        abs(found - wanted) < wanted / 1000 or found == wanted
        for found, wanted in zip(bounds, expected, strict=True)
    )
    if not is_known:
        raise ReadingError(f"times are sorted by other bounds: {bounds}")
    sums = [0, *(cumulated[bound] for bound in bounds)]
    return tuple(after - before for before, after in pairwise(sums))
