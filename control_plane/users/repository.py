"""Queries of users."""

from datetime import datetime
from typing import Any, cast

from sqlalchemy import ColumnElement, CursorResult, and_, delete, func, select, update
from sqlalchemy.orm import Session

from control_plane.users.models import MailedToken, User


def find_user(session: Session, email: str) -> User | None:
    return session.scalars(select(User).where(User.email == email)).one_or_none()


def count_mailed_since(session: Session, email: str, since: datetime) -> int:
    statement = select(func.count()).where(
        MailedToken.email == email, MailedToken.created_at >= since
    )
    return session.execute(statement).scalar_one()


def use_mailed_token(
    session: Session, token_hash: bytes, purpose: str, now: datetime
) -> MailedToken | None:
    """Mark the token as used; None unless it was there for this, in time and unused."""
    live = _live(token_hash, purpose, now)
    result = session.execute(update(MailedToken).where(live).values(used_at=now))
    if cast("CursorResult[Any]", result).rowcount == 0:
        return None
    statement = select(MailedToken).where(MailedToken.token_hash == token_hash)
    return session.scalars(statement).one_or_none()


def find_mailed_token(
    session: Session, token_hash: bytes, purpose: str, now: datetime
) -> MailedToken | None:
    """Return a token that could be used, using nothing up."""
    live = _live(token_hash, purpose, now)
    return session.scalars(select(MailedToken).where(live)).one_or_none()


def _live(token_hash: bytes, purpose: str, now: datetime) -> ColumnElement[bool]:
    return and_(
        MailedToken.token_hash == token_hash,
        MailedToken.purpose == purpose,
        MailedToken.used_at.is_(None),
        MailedToken.expires_at > now,
    )


def end_mailed_tokens(session: Session, email: str, purpose: str, now: datetime) -> None:
    """Make the other links to an address useless."""
    pending = and_(
        MailedToken.email == email,
        MailedToken.purpose == purpose,
        MailedToken.used_at.is_(None),
    )
    session.execute(update(MailedToken).where(pending).values(used_at=now))


def delete_stale_tokens(session: Session, before: datetime) -> None:
    session.execute(delete(MailedToken).where(MailedToken.expires_at <= before))
