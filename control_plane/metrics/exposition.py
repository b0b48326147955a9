"""A broker's own metrics as those of a cluster, in the text format of Prometheus. Pure.

Only what is listed here is told: nothing about the machine or the storage underneath, and no label
whose values a client chooses, so that a cluster has a bounded number of series.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from prometheus_client.exposition import generate_latest
from prometheus_client.metrics_core import Metric
from prometheus_client.openmetrics.parser import (
    text_string_to_metric_families,  # pyright: ignore[reportUnknownVariableType] # its parameter has no type there
)
from prometheus_client.registry import Collector, CollectorRegistry
from prometheus_client.samples import Sample

BROKER_PREFIX = "headrace_broker_"
CLUSTER_PREFIX = "headrace_cluster_"
SERIES_MAX = 2_000


class ExpositionError(ValueError):
    """The broker's metrics can not be read."""


@dataclass(frozen=True, slots=True)
class _Told:
    """What a metric means for who owns the cluster; `only` narrows it to values of labels."""

    meaning: str
    only: Mapping[str, frozenset[str]] = field(default_factory=dict[str, frozenset[str]])


_READ_AND_WRITE = {"api": frozenset({"Produce", "Fetch"})}

TOLD: Mapping[str, _Told] = {
    "appended_bytes": _Told("Bytes of record batches written"),
    "fetched_bytes": _Told("Bytes of record batches read"),
    "received_bytes": _Told("Bytes of requests"),
    "sent_bytes": _Told("Bytes of answers"),
    "requests": _Told("Requests by API"),
    "request_seconds": _Told("How long produce and fetch requests take", _READ_AND_WRITE),
    "connections": _Told("Open connections"),
    "connections_refused": _Told("Connections that were refused, by reason"),
    "groups": _Told("Consumer groups"),
    "group_members": _Told("Members of consumer groups"),
    "throttled": _Told("Requests and connections that a rate made wait or refused"),
    "throttled_milliseconds": _Told("Milliseconds that clients were told to wait"),
    "transactions_ongoing": _Told("Transactions that are open"),
}


def cluster_metrics(text: str, cluster_id: str) -> bytes:
    """Return the metrics of a cluster as Prometheus scrapes them; raise ExpositionError.

    `text` is what a broker answers: OpenMetrics, as Rust's client writes it.
    """
    try:
        found = [_told(metric, cluster_id) for metric in text_string_to_metric_families(text)]
    except (ValueError, KeyError) as error:
        raise ExpositionError(f"no OpenMetrics: {error}") from error
    kept = [metric for metric in found if metric is not None]
    if sum(len(metric.samples) for metric in kept) > SERIES_MAX:
        raise ExpositionError(f"more than {SERIES_MAX} series")
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Fixed(kept))
    return generate_latest(registry)


class _Fixed(Collector):
    """Metrics that were read before."""

    def __init__(self, metrics: list[Metric]) -> None:
        self._metrics = metrics

    def collect(self) -> Iterator[Metric]:
        yield from self._metrics


def _told(metric: Metric, cluster_id: str) -> Metric | None:
    name = metric.name.removeprefix(BROKER_PREFIX)
    told = TOLD.get(name)
    if told is None or name == metric.name:
        return None
    renamed = Metric(f"{CLUSTER_PREFIX}{name}", told.meaning, metric.type)
    renamed.samples = [
        _renamed(sample, cluster_id)
        for sample in metric.samples
        if all(sample.labels.get(label) in values for label, values in told.only.items())
    ]
    return renamed


def _renamed(sample: Sample, cluster_id: str) -> Sample:
    name = f"{CLUSTER_PREFIX}{sample.name.removeprefix(BROKER_PREFIX)}"
    return Sample(name, {"cluster_id": cluster_id, **sample.labels}, sample.value)
