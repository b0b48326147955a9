"""Tables of users."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Index, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from control_plane.kit.db import ID_LENGTH_MAX, NAME_LENGTH_MAX, Base, UtcDateTime

EMAIL_LENGTH_MAX = 254  # RFC 5321, 4.5.3.1.3 less the angle brackets
HASH_LENGTH_MAX = 255
PURPOSE_LENGTH_MAX = 16


class User(Base):
    """A person whose address was proved; a member wherever a member has that address."""

    __tablename__ = "users"

    id: Mapped[str] = mapped_column(String(ID_LENGTH_MAX), primary_key=True)
    email: Mapped[str] = mapped_column(String(EMAIL_LENGTH_MAX), unique=True)
    name: Mapped[str] = mapped_column(String(NAME_LENGTH_MAX))
    password_hash: Mapped[str] = mapped_column(String(HASH_LENGTH_MAX))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    password_changed_at: Mapped[datetime] = mapped_column(UtcDateTime)


class MailedToken(Base):
    """A link that was mailed to an address and works once; stored hashed.

    `wanted` is what a sign-up asked for, with its password hashed.
    """

    __tablename__ = "mailed_tokens"
    __table_args__ = (Index(None, "email", "purpose", "created_at"),)

    id: Mapped[str] = mapped_column(String(ID_LENGTH_MAX), primary_key=True)
    email: Mapped[str] = mapped_column(String(EMAIL_LENGTH_MAX))
    purpose: Mapped[str] = mapped_column(String(PURPOSE_LENGTH_MAX))
    token_hash: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    wanted: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
