"""What the uploader tells of itself, for Prometheus."""

from prometheus_client import CollectorRegistry, Counter, Gauge

from control_plane.kit.clock import Clock
from data_plane.tiering.upload import Sent


class UploaderMetrics:
    """Counters of one process, and per cluster how far behind its copy is."""

    def __init__(self, clock: Clock) -> None:
        self.registry = CollectorRegistry()
        self._clock = clock
        self._bytes = self._counter("uploaded_bytes", "Bytes of files that were uploaded.")
        self._segments = self._counter("uploaded_segments", "Segments that were uploaded.")
        self._editions = self._counter("editions", "Editions that were completed.")
        self._removed = self._counter("removed_bytes", "Bytes of objects that were removed.")
        self._failures = Counter(
            "headrace_tier_failures",
            "Passes that ended without an edition.",
            ("code",),
            registry=self.registry,
        )
        self._lag = Gauge(
            "headrace_tier_lag_seconds",
            "How old the newest edition of a cluster is.",
            ("cluster_id",),
            registry=self.registry,
        )
        self._taken_ms: dict[str, int] = {}

    def uploaded(self, sent: Sent) -> None:
        self._editions.inc()
        self._bytes.inc(sent.bytes)
        self._segments.inc(sent.segments)

    def removed(self, size: int) -> None:
        self._removed.inc(size)

    def failed(self, code: str) -> None:
        self._failures.labels(code).inc()

    def newest(self, cluster_id: str, taken_at_ms: int) -> None:
        """Note of what moment the newest edition of a cluster is, for its lag from now on."""
        if cluster_id not in self._taken_ms:
            self._lag.labels(cluster_id).set_function(lambda: self._lag_seconds(cluster_id))
        self._taken_ms[cluster_id] = taken_at_ms

    def keep(self, cluster_ids: frozenset[str]) -> None:
        """Forget clusters that are not on this machine any more."""
        for gone in self._taken_ms.keys() - cluster_ids:
            del self._taken_ms[gone]
            self._lag.remove(gone)

    def _lag_seconds(self, cluster_id: str) -> float:
        taken_ms = self._taken_ms.get(cluster_id)
        if taken_ms is None:
            return 0.0
        return max(0.0, self._clock.now().timestamp() - taken_ms / 1000)

    def _counter(self, name: str, meaning: str) -> Counter:
        return Counter(f"headrace_tier_{name}", meaning, registry=self.registry)
