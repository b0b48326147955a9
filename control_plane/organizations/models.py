"""Tables of organizations."""

from datetime import datetime

from sqlalchemy import Boolean, String
from sqlalchemy.orm import Mapped, mapped_column

from control_plane.kit.db import ID_LENGTH_MAX, NAME_LENGTH_MAX, Base, UtcDateTime


class Organization(Base):
    """An organization; its name is for people and need not be unique.

    One of them may be the installation's own, to which the keys of its operators belong.
    """

    __tablename__ = "organizations"

    id: Mapped[str] = mapped_column(String(ID_LENGTH_MAX), primary_key=True)
    name: Mapped[str] = mapped_column(String(NAME_LENGTH_MAX))
    is_installation: Mapped[bool] = mapped_column(Boolean, default=False)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
