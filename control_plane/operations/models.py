"""Table of operations."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Index, String, Text
from sqlalchemy.orm import InstrumentedAttribute, Mapped, mapped_column

from control_plane.kit.db import ID_LENGTH_MAX, Base, UtcDateTime
from control_plane.kit.scope import OrganizationOwned

CODE_LENGTH_MAX = 64
STATUS_LENGTH_MAX = 16
ERROR_DETAIL_LENGTH_MAX = 2000


class Operation(OrganizationOwned, Base):
    """One thing that was asked for and takes a while; jobs do the work, this row tells of it."""

    __tablename__ = "operations"
    __table_args__ = (
        Index(None, "resource_type", "resource_id"),
        Index(None, "organization_id", "updated_at"),
    )

    id: Mapped[str] = mapped_column(String(ID_LENGTH_MAX), primary_key=True)
    cluster_id: Mapped[str | None] = mapped_column(String(ID_LENGTH_MAX), index=True)
    kind: Mapped[str] = mapped_column(String(CODE_LENGTH_MAX))
    resource_type: Mapped[str] = mapped_column(String(CODE_LENGTH_MAX))
    resource_id: Mapped[str] = mapped_column(String(ID_LENGTH_MAX))
    status: Mapped[str] = mapped_column(String(STATUS_LENGTH_MAX))
    steps: Mapped[list[dict[str, str]]] = mapped_column(JSON)
    steps_left: Mapped[list[str]] = mapped_column(JSON)
    attempt: Mapped[int]
    error_code: Mapped[str | None] = mapped_column(String(CODE_LENGTH_MAX))
    error_detail: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)
    finished_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    @classmethod
    def cluster_column(cls) -> InstrumentedAttribute[Any]:
        return cls.cluster_id
