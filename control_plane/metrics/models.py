"""Tables of metrics: what was read of each cluster last, and its points."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, Index, Integer, String
from sqlalchemy.orm import InstrumentedAttribute, Mapped, mapped_column

from control_plane.kit.db import ID_LENGTH_MAX, Base, UtcDateTime
from control_plane.kit.scope import OrganizationOwned


class MetricReading(OrganizationOwned, Base):
    """What was read of a cluster last: what points are made of by comparing the next reading.

    `counters` are those of `metrics.readings`. Sizes and offsets are asked for less often: they,
    and the counter of changes by then, are of `surveyed_at`.
    """

    __tablename__ = "metric_readings"

    cluster_id: Mapped[str] = mapped_column(String(ID_LENGTH_MAX), primary_key=True)
    read_at: Mapped[datetime] = mapped_column(UtcDateTime)
    counters: Mapped[dict[str, Any]] = mapped_column(JSON)
    connections: Mapped[int] = mapped_column(BigInteger)
    surveyed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    surveyed_changes: Mapped[int] = mapped_column(BigInteger)
    partitions: Mapped[int | None] = mapped_column(BigInteger)
    stored_bytes: Mapped[int | None] = mapped_column(BigInteger)
    lag: Mapped[int | None] = mapped_column(BigInteger)
    group_lags: Mapped[dict[str, int]] = mapped_column(JSON)

    @classmethod
    def cluster_column(cls) -> InstrumentedAttribute[Any]:
        return cls.cluster_id


class MetricPoint(OrganizationOwned, Base):
    """What is known of a cluster in one step of time.

    Counters are sums over `covered_ms`; connections and what follows are the most there was.
    """

    __tablename__ = "metric_points"
    __table_args__ = (Index(None, "step_seconds", "started_at"),)

    cluster_id: Mapped[str] = mapped_column(String(ID_LENGTH_MAX), primary_key=True)
    step_seconds: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    started_at: Mapped[datetime] = mapped_column(UtcDateTime, primary_key=True)
    covered_ms: Mapped[int] = mapped_column(BigInteger)
    bytes_in: Mapped[int] = mapped_column(BigInteger)
    records_in: Mapped[int] = mapped_column(BigInteger)
    bytes_out: Mapped[int] = mapped_column(BigInteger)
    requests: Mapped[int] = mapped_column(BigInteger)
    connections_refused: Mapped[int] = mapped_column(BigInteger)
    throttled: Mapped[int] = mapped_column(BigInteger)
    throttled_ms: Mapped[int] = mapped_column(BigInteger)
    produce_latencies: Mapped[list[int]] = mapped_column(JSON)
    fetch_latencies: Mapped[list[int]] = mapped_column(JSON)
    connections: Mapped[int] = mapped_column(BigInteger)
    partitions: Mapped[int | None] = mapped_column(BigInteger)
    stored_bytes: Mapped[int | None] = mapped_column(BigInteger)
    lag: Mapped[int | None] = mapped_column(BigInteger)
    group_lags: Mapped[dict[str, int]] = mapped_column(JSON)

    @classmethod
    def cluster_column(cls) -> InstrumentedAttribute[Any]:
        return cls.cluster_id
