"""Messages between parts that do not call each other: written where the fact is, taken later.

`publish` writes the message and asks for the job named like its subject, in the transaction of its
caller. Who consumes registers that job, takes the messages of its key, and settles them in the
transaction that applies them: a crash anywhere delivers them again. Messages of one key that were
published one transaction after the other are taken in that order.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, Index, Integer, String, delete, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from control_plane.kit.db import ID_LENGTH_MAX, NAME_LENGTH_MAX, Base, UtcDateTime
from control_plane.kit.jobs import enqueue

# A longer list of ids would meet SQLite's limit on the variables of one statement.
MESSAGES_MAX = 1000


class OutboxMessage(Base):
    """A message that waits to be applied; the row goes when it is settled."""

    __tablename__ = "outbox_messages"
    # Ids are never given twice, so one that is settled late can not take away another message.
    __table_args__ = (Index(None, "subject", "key", "id"), {"sqlite_autoincrement": True})

    id: Mapped[int] = mapped_column(BigInteger().with_variant(Integer, "sqlite"), primary_key=True)
    subject: Mapped[str] = mapped_column(String(ID_LENGTH_MAX))
    key: Mapped[str] = mapped_column(String(NAME_LENGTH_MAX))
    body: Mapped[dict[str, Any]] = mapped_column(JSON)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


def publish(
    session: Session, *, subject: str, key: str, body: Mapping[str, Any], now: datetime
) -> None:
    """Write a message about the thing `key`, and ask for job `subject` on it, once this commits.

    The body is kept as JSON.
    """
    session.add(OutboxMessage(subject=subject, key=key, body=dict(body), created_at=now))
    enqueue(session, subject, key, now=now)


def take(session: Session, subject: str, key: str, limit: int) -> Sequence[OutboxMessage]:
    """Return at most `limit` messages that wait, oldest first; they stay until settled."""
    assert 0 < limit <= MESSAGES_MAX, f"from 1 to {MESSAGES_MAX} messages are taken at once"
    statement = select(OutboxMessage).where(
        OutboxMessage.subject == subject, OutboxMessage.key == key
    )
    return session.scalars(statement.order_by(OutboxMessage.id).limit(limit)).all()


def settle(session: Session, ids: Sequence[int]) -> None:
    """Drop messages in the transaction that applies them; one that is gone is no error."""
    assert len(ids) <= MESSAGES_MAX, f"at most {MESSAGES_MAX} messages are settled at once"
    session.execute(delete(OutboxMessage).where(OutboxMessage.id.in_(ids)))
