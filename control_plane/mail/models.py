"""Table of mail that waits to be sent."""

from datetime import datetime

from sqlalchemy import LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from control_plane.kit.db import ID_LENGTH_MAX, Base, UtcDateTime


class Mail(Base):
    """A message, sealed since it may hold a link that lets somebody in; gone once it is sent."""

    __tablename__ = "mails"

    id: Mapped[str] = mapped_column(String(ID_LENGTH_MAX), primary_key=True)
    message_sealed: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
