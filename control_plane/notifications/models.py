"""Tables of notifications."""

from datetime import datetime

from sqlalchemy import JSON, ForeignKey, Index, Integer, LargeBinary, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from control_plane.kit.db import ID_LENGTH_MAX, NAME_LENGTH_MAX, Base, UtcDateTime
from control_plane.kit.scope import OrganizationOwned
from control_plane.outbound.http import URL_LENGTH_MAX

CODE_LENGTH_MAX = 64
STATUS_LENGTH_MAX = 16


class Webhook(OrganizationOwned, Base):
    """A URL of an organization that is told of events; its secrets are sealed.

    `event_types` None stands for all. `resting_until` keeps one that fails from being called all
    the time, `failing_since` is when the first failure after the last success was.
    """

    __tablename__ = "webhooks"

    id: Mapped[str] = mapped_column(String(ID_LENGTH_MAX), primary_key=True)
    url: Mapped[str] = mapped_column(String(URL_LENGTH_MAX))
    description: Mapped[str] = mapped_column(String(NAME_LENGTH_MAX))
    event_types: Mapped[list[str] | None] = mapped_column(JSON(none_as_null=True))
    secret_sealed: Mapped[bytes] = mapped_column(LargeBinary)
    old_secret_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    old_secret_ends_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    is_enabled: Mapped[bool]
    disabled_reason: Mapped[str | None] = mapped_column(String(CODE_LENGTH_MAX))
    failures: Mapped[int] = mapped_column(Integer)
    failing_since: Mapped[datetime | None] = mapped_column(UtcDateTime)
    resting_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)


class Delivery(OrganizationOwned, Base):
    """One event for one webhook, and how telling it goes.

    `body` is what is sent, byte for byte the same in every attempt.
    """

    __tablename__ = "webhook_deliveries"
    __table_args__ = (
        Index(None, "webhook_id", "created_at"),
        Index(None, "status", "next_attempt_at"),
    )

    id: Mapped[str] = mapped_column(String(ID_LENGTH_MAX), primary_key=True)
    webhook_id: Mapped[str] = mapped_column(
        String(ID_LENGTH_MAX), ForeignKey("webhooks.id", ondelete="CASCADE")
    )
    event_id: Mapped[str] = mapped_column(String(ID_LENGTH_MAX))
    event_type: Mapped[str] = mapped_column(String(CODE_LENGTH_MAX))
    body: Mapped[str] = mapped_column(Text)
    status: Mapped[str] = mapped_column(String(STATUS_LENGTH_MAX))
    attempts: Mapped[int] = mapped_column(Integer)
    next_attempt_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    last_attempt_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    response_status: Mapped[int | None] = mapped_column(Integer)
    error_code: Mapped[str | None] = mapped_column(String(CODE_LENGTH_MAX))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    finished_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
