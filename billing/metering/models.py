"""Tables of metering: windows that were counted, their sums by the hour, and what was refused."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, Index, Integer, String, Text
from sqlalchemy.orm import InstrumentedAttribute, Mapped, mapped_column

from billing.metering.messages import PLAN_LENGTH_MAX, SOURCE_LENGTH_MAX
from control_plane.kit.db import ID_LENGTH_MAX, NAME_LENGTH_MAX, Base, UtcDateTime
from control_plane.kit.scope import OrganizationOwned

CODE_LENGTH_MAX = 64


class MeteredCluster(OrganizationOwned, Base):
    """A cluster that used something: who pays for it and its last name, also when it is gone."""

    __tablename__ = "metered_clusters"

    cluster_id: Mapped[str] = mapped_column(String(ID_LENGTH_MAX), primary_key=True)
    name: Mapped[str] = mapped_column(String(NAME_LENGTH_MAX))
    named_at: Mapped[datetime] = mapped_column(UtcDateTime)

    @classmethod
    def cluster_column(cls) -> InstrumentedAttribute[Any]:
        return cls.cluster_id


class MeteredWindow(OrganizationOwned, Base):
    """A usage window that was counted; kept for ever, so that it is never counted again."""

    __tablename__ = "metered_windows"

    source: Mapped[str] = mapped_column(String(SOURCE_LENGTH_MAX), primary_key=True)
    cluster_id: Mapped[str] = mapped_column(String(ID_LENGTH_MAX))
    plan: Mapped[str] = mapped_column(String(PLAN_LENGTH_MAX))
    started_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime] = mapped_column(UtcDateTime)
    running_ms: Mapped[int] = mapped_column(Integer)
    bytes_in: Mapped[int] = mapped_column(BigInteger)
    bytes_out: Mapped[int] = mapped_column(BigInteger)
    stored_bytes: Mapped[int] = mapped_column(BigInteger)
    partitions: Mapped[int] = mapped_column(Integer)

    @classmethod
    def cluster_column(cls) -> InstrumentedAttribute[Any]:
        return cls.cluster_id


class MeteredHour(OrganizationOwned, Base):
    """Sums over the counted windows that started in one UTC hour of a cluster under one plan."""

    __tablename__ = "metered_hours"

    cluster_id: Mapped[str] = mapped_column(String(ID_LENGTH_MAX), primary_key=True)
    hour_at: Mapped[datetime] = mapped_column(UtcDateTime, primary_key=True)
    plan: Mapped[str] = mapped_column(String(PLAN_LENGTH_MAX), primary_key=True)
    bytes_in: Mapped[int] = mapped_column(BigInteger)
    bytes_out: Mapped[int] = mapped_column(BigInteger)
    stored_byte_seconds: Mapped[int] = mapped_column(BigInteger)
    running_ms: Mapped[int] = mapped_column(BigInteger)
    partition_ms: Mapped[int] = mapped_column(BigInteger)
    metered_through: Mapped[datetime] = mapped_column(UtcDateTime)

    @classmethod
    def cluster_column(cls) -> InstrumentedAttribute[Any]:
        return cls.cluster_id


Index("ix_metered_hours_bill", MeteredHour.organization_id, MeteredHour.hour_at)


class RefusedUsage(Base):
    """A usage message that could not be counted, as it came; an operator decides about it."""

    __tablename__ = "refused_usage"

    message_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    cluster_id: Mapped[str] = mapped_column(String(NAME_LENGTH_MAX))
    code: Mapped[str] = mapped_column(String(CODE_LENGTH_MAX))
    detail: Mapped[str] = mapped_column(Text)
    body: Mapped[dict[str, Any]] = mapped_column(JSON)
    refused_at: Mapped[datetime] = mapped_column(UtcDateTime)
