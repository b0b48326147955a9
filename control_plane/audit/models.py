"""Tables of the audit log."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, ForeignKey, Index, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from control_plane.kit.db import ID_LENGTH_MAX, Base, UtcDateTime
from control_plane.kit.scope import OrganizationOwned

WORD_LENGTH_MAX = 64


class AuditEvent(OrganizationOwned, Base):
    """One event. Triggers of the database refuse every change and removal of a row."""

    __tablename__ = "audit_events"
    __table_args__ = (Index("ix_audit_events_found", "organization_id", "at"),)

    organization_id: Mapped[str] = mapped_column(
        String(ID_LENGTH_MAX), ForeignKey("organizations.id"), primary_key=True
    )
    sequence: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    content: Mapped[dict[str, Any]] = mapped_column(JSON)
    actor_id: Mapped[str] = mapped_column(String(ID_LENGTH_MAX))
    action: Mapped[str] = mapped_column(String(WORD_LENGTH_MAX))
    outcome: Mapped[str] = mapped_column(String(WORD_LENGTH_MAX))
    resource_id: Mapped[str | None] = mapped_column(String(ID_LENGTH_MAX))
    previous_hash: Mapped[bytes] = mapped_column(LargeBinary)
    hash: Mapped[bytes] = mapped_column(LargeBinary)


class AuditChain(OrganizationOwned, Base):
    """Where an organization's chain ends; its row is what appending takes turns by."""

    __tablename__ = "audit_chains"

    organization_id: Mapped[str] = mapped_column(
        String(ID_LENGTH_MAX), ForeignKey("organizations.id"), primary_key=True
    )
    sequence: Mapped[int] = mapped_column(BigInteger)
    hash: Mapped[bytes] = mapped_column(LargeBinary)


class AuditIntent(OrganizationOwned, Base):
    """A mutating call that began: becomes an event when it ends, or is given up."""

    __tablename__ = "audit_intents"

    id: Mapped[str] = mapped_column(String(ID_LENGTH_MAX), primary_key=True)
    began_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    content: Mapped[dict[str, Any]] = mapped_column(JSON)
