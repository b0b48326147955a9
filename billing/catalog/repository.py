"""Queries of price books."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from billing.catalog.documents import from_document, to_document
from billing.catalog.models import StoredPriceBook
from billing.catalog.prices import PriceBook
from control_plane.kit.db import insert_unless_present


def list_books(session: Session) -> Sequence[PriceBook]:
    """List every version, the oldest first."""
    rows = session.scalars(select(StoredPriceBook).order_by(StoredPriceBook.version))
    return [_book(row) for row in rows]


def insert(session: Session, book: PriceBook, now: datetime) -> bool:
    """Write a version down; return False, changing nothing, if there is one of that number."""
    values = {
        "version": book.version,
        "currency": book.currency,
        "effective_from": book.effective_from,
        "plans": to_document(book.plans),
        "created_at": now,
    }
    return insert_unless_present(session, StoredPriceBook, values)


def _book(row: StoredPriceBook) -> PriceBook:
    return PriceBook(
        version=row.version,
        currency=row.currency,
        effective_from=row.effective_from,
        plans=from_document(row.plans),
    )
