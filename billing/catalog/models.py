"""Table of price books."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, Date, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from control_plane.kit.db import Base, UtcDateTime

CURRENCY_LENGTH = 3


class StoredPriceBook(Base):
    """One version of all prices.

    A version is one row, so that it is never there by half and no plan can be added to it;
    triggers in the database refuse to change or delete one.
    """

    __tablename__ = "price_books"

    version: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    currency: Mapped[str] = mapped_column(String(CURRENCY_LENGTH))
    effective_from: Mapped[date] = mapped_column(Date)
    plans: Mapped[dict[str, Any]] = mapped_column(JSON)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
