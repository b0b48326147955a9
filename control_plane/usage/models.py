"""Tables of usage: cursors, what was collected, and its sums per hour and day.

Quantities are integers: bytes, records, requests, milliseconds, byte-seconds.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index, Integer, String, UniqueConstraint
from sqlalchemy.orm import InstrumentedAttribute, Mapped, mapped_column

from control_plane.kit.db import ID_LENGTH_MAX, NAME_LENGTH_MAX, Base, UtcDateTime
from control_plane.kit.scope import OrganizationOwned

GRANULARITY_LENGTH_MAX = 8
PRINCIPAL_LENGTH_MAX = 256

_ROW_ID = BigInteger().with_variant(Integer, "sqlite")


class UsageMeter(OrganizationOwned, Base):
    """How far the windows of one meter were collected.

    `collected_through` is the number of the last window that this database has, or knows to be
    lost; `lost_through` the last one that was acknowledged without this database having it.
    """

    __tablename__ = "usage_meters"

    cluster_id: Mapped[str] = mapped_column(String(ID_LENGTH_MAX), primary_key=True)
    broker_id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    meter_id: Mapped[str] = mapped_column(String(ID_LENGTH_MAX), primary_key=True)
    collected_through: Mapped[int] = mapped_column(BigInteger)
    lost_through: Mapped[int] = mapped_column(BigInteger)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)

    @classmethod
    def cluster_column(cls) -> InstrumentedAttribute[Any]:
        return cls.cluster_id


class UsageRest(OrganizationOwned, Base):
    """A time in which a cluster was kept while its brokers were stopped.

    What it kept is counted here, up to `metered_until`. `ended_at` is None while it lasts.
    """

    __tablename__ = "usage_rests"

    cluster_id: Mapped[str] = mapped_column(String(ID_LENGTH_MAX), primary_key=True)
    started_at: Mapped[datetime] = mapped_column(UtcDateTime, primary_key=True)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime, index=True)
    metered_until: Mapped[datetime] = mapped_column(UtcDateTime)
    stored_bytes: Mapped[int] = mapped_column(BigInteger)

    @classmethod
    def cluster_column(cls) -> InstrumentedAttribute[Any]:
        return cls.cluster_id


class UsagePartitionCursor(OrganizationOwned, Base):
    """Up to where a partition was counted, and by which window of which meter."""

    __tablename__ = "usage_partition_cursors"

    cluster_id: Mapped[str] = mapped_column(String(ID_LENGTH_MAX), primary_key=True)
    topic_id: Mapped[str] = mapped_column(String(ID_LENGTH_MAX), primary_key=True)
    partition: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    next_offset: Mapped[int] = mapped_column(BigInteger)
    meter_id: Mapped[str] = mapped_column(String(ID_LENGTH_MAX))
    window_number: Mapped[int] = mapped_column(BigInteger)

    @classmethod
    def cluster_column(cls) -> InstrumentedAttribute[Any]:
        return cls.cluster_id


class UsageWindow(OrganizationOwned, Base):
    """A closed window as a broker reported it. `number` counts per meter, from 1, without gaps.

    `stored_bytes`, `partitions` and `connections` are as at its end; the other quantities are the
    sums of its ranges and traffic.
    """

    __tablename__ = "usage_windows"
    __table_args__ = (
        UniqueConstraint("cluster_id", "broker_id", "meter_id", "number"),
        Index(None, "cluster_id", "started_at"),
        Index(None, "ended_at"),
    )

    id: Mapped[int] = mapped_column(_ROW_ID, primary_key=True)
    cluster_id: Mapped[str] = mapped_column(String(ID_LENGTH_MAX))
    broker_id: Mapped[int] = mapped_column(Integer)
    meter_id: Mapped[str] = mapped_column(String(ID_LENGTH_MAX))
    number: Mapped[int] = mapped_column(BigInteger)
    started_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime] = mapped_column(UtcDateTime)
    running_ms: Mapped[int] = mapped_column(BigInteger)
    stored_bytes: Mapped[int] = mapped_column(BigInteger)
    partitions: Mapped[int] = mapped_column(Integer)
    connections: Mapped[int] = mapped_column(Integer)
    bytes_in: Mapped[int] = mapped_column(BigInteger)
    records_in: Mapped[int] = mapped_column(BigInteger)
    bytes_out: Mapped[int] = mapped_column(BigInteger)
    collected_at: Mapped[datetime] = mapped_column(UtcDateTime)

    @classmethod
    def cluster_column(cls) -> InstrumentedAttribute[Any]:
        return cls.cluster_id


class UsageRange(OrganizationOwned, Base):
    """Offsets [first, next) of a partition, with their bytes and records, counted by one window."""

    __tablename__ = "usage_ranges"

    cluster_id: Mapped[str] = mapped_column(String(ID_LENGTH_MAX), primary_key=True)
    topic_id: Mapped[str] = mapped_column(String(ID_LENGTH_MAX), primary_key=True)
    partition: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    first_offset: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    next_offset: Mapped[int] = mapped_column(BigInteger)
    topic: Mapped[str] = mapped_column(String(NAME_LENGTH_MAX))
    bytes: Mapped[int] = mapped_column(BigInteger)
    records: Mapped[int] = mapped_column(BigInteger)
    window_id: Mapped[int] = mapped_column(_ROW_ID, ForeignKey("usage_windows.id"), index=True)

    @classmethod
    def cluster_column(cls) -> InstrumentedAttribute[Any]:
        return cls.cluster_id


class UsageTraffic(OrganizationOwned, Base):
    """What one principal did with one topic within one window."""

    __tablename__ = "usage_traffic"

    window_id: Mapped[int] = mapped_column(
        _ROW_ID, ForeignKey("usage_windows.id"), primary_key=True, autoincrement=False
    )
    topic_id: Mapped[str] = mapped_column(String(ID_LENGTH_MAX), primary_key=True)
    principal: Mapped[str] = mapped_column(String(PRINCIPAL_LENGTH_MAX), primary_key=True)
    cluster_id: Mapped[str] = mapped_column(String(ID_LENGTH_MAX))
    topic: Mapped[str] = mapped_column(String(NAME_LENGTH_MAX))
    bytes_in: Mapped[int] = mapped_column(BigInteger)
    records_in: Mapped[int] = mapped_column(BigInteger)
    produce_requests: Mapped[int] = mapped_column(BigInteger)
    bytes_out: Mapped[int] = mapped_column(BigInteger)
    read_requests: Mapped[int] = mapped_column(BigInteger)

    @classmethod
    def cluster_column(cls) -> InstrumentedAttribute[Any]:
        return cls.cluster_id


class UsageRollup(OrganizationOwned, Base):
    """What a cluster used in one hour or day.

    `stored_byte_seconds` sums, over windows, stored bytes times the window's milliseconds, floored
    to whole seconds once per window. `stored_bytes`, `partitions` and `connections` are as at
    `last_ended_at`, the end of the last window within.
    """

    __tablename__ = "usage_rollups"
    __table_args__ = (Index(None, "started_at"),)

    cluster_id: Mapped[str] = mapped_column(String(ID_LENGTH_MAX), primary_key=True)
    granularity: Mapped[str] = mapped_column(String(GRANULARITY_LENGTH_MAX), primary_key=True)
    started_at: Mapped[datetime] = mapped_column(UtcDateTime, primary_key=True)
    running_ms: Mapped[int] = mapped_column(BigInteger)
    bytes_in: Mapped[int] = mapped_column(BigInteger)
    records_in: Mapped[int] = mapped_column(BigInteger)
    produce_requests: Mapped[int] = mapped_column(BigInteger)
    bytes_out: Mapped[int] = mapped_column(BigInteger)
    read_requests: Mapped[int] = mapped_column(BigInteger)
    stored_byte_seconds: Mapped[int] = mapped_column(BigInteger)
    stored_bytes: Mapped[int] = mapped_column(BigInteger)
    partitions: Mapped[int] = mapped_column(Integer)
    connections: Mapped[int] = mapped_column(Integer)
    last_ended_at: Mapped[datetime] = mapped_column(UtcDateTime)

    @classmethod
    def cluster_column(cls) -> InstrumentedAttribute[Any]:
        return cls.cluster_id


class UsageRollupTraffic(OrganizationOwned, Base):
    """What one principal did with one topic in one hour or day."""

    __tablename__ = "usage_rollup_traffic"
    __table_args__ = (Index(None, "started_at"),)

    cluster_id: Mapped[str] = mapped_column(String(ID_LENGTH_MAX), primary_key=True)
    granularity: Mapped[str] = mapped_column(String(GRANULARITY_LENGTH_MAX), primary_key=True)
    started_at: Mapped[datetime] = mapped_column(UtcDateTime, primary_key=True)
    topic_id: Mapped[str] = mapped_column(String(ID_LENGTH_MAX), primary_key=True)
    principal: Mapped[str] = mapped_column(String(PRINCIPAL_LENGTH_MAX), primary_key=True)
    topic: Mapped[str] = mapped_column(String(NAME_LENGTH_MAX))
    bytes_in: Mapped[int] = mapped_column(BigInteger)
    records_in: Mapped[int] = mapped_column(BigInteger)
    produce_requests: Mapped[int] = mapped_column(BigInteger)
    bytes_out: Mapped[int] = mapped_column(BigInteger)
    read_requests: Mapped[int] = mapped_column(BigInteger)

    @classmethod
    def cluster_column(cls) -> InstrumentedAttribute[Any]:
        return cls.cluster_id
