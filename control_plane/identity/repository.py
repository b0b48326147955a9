"""Queries of identity; rows of organizations only through `scoped`."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, cast

from sqlalchemy import CursorResult, and_, delete, func, or_, select, update
from sqlalchemy.orm import Session as DatabaseSession

from control_plane.identity.models import ApiKey, Member, OperatorGrant, Session, SignInToken
from control_plane.identity.policy import Role
from control_plane.kit.pagination import Page, PageRequest, paginate
from control_plane.kit.scope import Scope, scoped


def find_api_key(session: DatabaseSession, scope: Scope, api_key_id: str) -> ApiKey | None:
    return session.scalars(scoped(ApiKey, scope).where(ApiKey.id == api_key_id)).one_or_none()


def find_api_key_to_authenticate(session: DatabaseSession, api_key_id: str) -> ApiKey | None:
    """Find a key whoever owns it: authentication is what tells the organization."""
    return session.get(ApiKey, api_key_id)


def list_api_keys(
    session: DatabaseSession, scope: Scope, page: PageRequest, cluster_id: str | None
) -> Page[ApiKey]:
    statement = scoped(ApiKey, scope)
    if cluster_id is not None:
        statement = statement.where(ApiKey.cluster_id == cluster_id)
    return paginate(session, statement, (ApiKey.created_at, ApiKey.id), page)


def list_cluster_api_keys(
    session: DatabaseSession, scope: Scope, cluster_id: str, now: datetime
) -> Sequence[ApiKey]:
    """List the live keys that a cluster accepts: its own and those of the whole organization."""
    statement = scoped(ApiKey, scope).where(
        or_(ApiKey.cluster_id.is_(None), ApiKey.cluster_id == cluster_id), _live(now)
    )
    return session.scalars(statement.order_by(ApiKey.created_at, ApiKey.id)).all()


def count_live_api_keys(session: DatabaseSession, scope: Scope, now: datetime) -> int:
    keys = scoped(ApiKey, scope).where(_live(now)).subquery()
    return session.execute(select(func.count()).select_from(keys)).scalar_one()


def touch_api_key(session: DatabaseSession, api_key_id: str, used_at: datetime) -> None:
    later = or_(ApiKey.last_used_at.is_(None), ApiKey.last_used_at < used_at)
    session.execute(
        update(ApiKey).where(ApiKey.id == api_key_id, later).values(last_used_at=used_at)
    )


def find_member(session: DatabaseSession, scope: Scope, member_id: str) -> Member | None:
    return session.scalars(scoped(Member, scope).where(Member.id == member_id)).one_or_none()


def find_member_by_email(session: DatabaseSession, scope: Scope, email: str) -> Member | None:
    return session.scalars(scoped(Member, scope).where(Member.email == email)).one_or_none()


def list_members_by_email(session: DatabaseSession, email: str) -> Sequence[Member]:
    """List the members of all organizations that have an address, oldest first."""
    statement = select(Member).where(Member.email == email)
    return session.scalars(statement.order_by(Member.created_at, Member.id)).all()


def end_sessions(session: DatabaseSession, scope: Scope, member_id: str, now: datetime) -> None:
    """End every session of a member that is not over."""
    live = scoped(Session, scope).where(
        Session.member_id == member_id, Session.revoked_at.is_(None)
    )
    for row in session.scalars(live):
        row.revoked_at = now
    session.flush()


def end_sessions_of_key(
    session: DatabaseSession, scope: Scope, api_key_id: str, until: datetime
) -> None:
    """Have every session that was opened by a key end at an instant, at the latest."""
    later = scoped(Session, scope).where(
        Session.api_key_id == api_key_id, Session.expires_at > until
    )
    for row in session.scalars(later):
        row.expires_at = until
    session.flush()


def list_members(session: DatabaseSession, scope: Scope, page: PageRequest) -> Page[Member]:
    return paginate(session, scoped(Member, scope), (Member.created_at, Member.id), page)


def count_members(session: DatabaseSession, scope: Scope) -> int:
    members = scoped(Member, scope).subquery()
    return session.execute(select(func.count()).select_from(members)).scalar_one()


def count_owners(session: DatabaseSession, scope: Scope) -> int:
    """Count the owners, whose rows stay locked: two that leave at once must not both succeed."""
    owners = scoped(Member, scope).where(Member.role == Role.OWNER.value)
    return len(session.scalars(owners.with_for_update()).all())


def delete_sign_ins_of(session: DatabaseSession, scope: Scope, member_id: str) -> None:
    """Delete a member's sessions and sign-in tokens."""
    for model in (Session, SignInToken):
        for row in session.scalars(scoped(model, scope).where(model.member_id == member_id)):
            session.delete(row)
    session.flush()


def find_operator_grant(session: DatabaseSession, principal_id: str) -> OperatorGrant | None:
    """Find what was granted to a principal: authentication is what tells the organization."""
    return session.get(OperatorGrant, principal_id)


def find_holder_organization(session: DatabaseSession, principal_id: str) -> str | None:
    """Return whose a live key or a member is, whoever asks: operators name principals by id."""
    key = session.get(ApiKey, principal_id)
    if key is not None:
        return key.organization_id if key.revoked_at is None else None
    member = session.get(Member, principal_id)
    return None if member is None else member.organization_id


def list_operator_grants(
    session: DatabaseSession, scope: Scope, page: PageRequest
) -> Page[OperatorGrant]:
    order = (OperatorGrant.granted_at, OperatorGrant.principal_id)
    return paginate(session, scoped(OperatorGrant, scope), order, page)


def use_sign_in_token(
    session: DatabaseSession, token_hash: bytes, now: datetime
) -> SignInToken | None:
    """Mark the token as used; None unless it was there, in time and unused."""
    usable = and_(
        SignInToken.token_hash == token_hash,
        SignInToken.used_at.is_(None),
        SignInToken.expires_at > now,
    )
    result = session.execute(update(SignInToken).where(usable).values(used_at=now))
    if cast("CursorResult[Any]", result).rowcount == 0:
        return None
    return session.scalars(
        select(SignInToken).where(SignInToken.token_hash == token_hash)
    ).one_or_none()


def list_live_sessions(
    session: DatabaseSession, scope: Scope, holder_id: str, now: datetime, used_after: datetime
) -> Sequence[Session]:
    """List the sessions of a member or key that are not over, the one last used first."""
    live = scoped(Session, scope).where(
        or_(Session.member_id == holder_id, Session.api_key_id == holder_id),
        Session.revoked_at.is_(None),
        Session.expires_at > now,
        Session.last_used_at > used_after,
    )
    return session.scalars(live.order_by(Session.last_used_at.desc(), Session.id)).all()


def find_live_session(
    session: DatabaseSession, token_hash: bytes, now: datetime, used_after: datetime
) -> Session | None:
    """Find a session that is neither revoked, expired nor idle since before `used_after`."""
    live = and_(
        Session.token_hash == token_hash,
        Session.revoked_at.is_(None),
        Session.expires_at > now,
        Session.last_used_at > used_after,
    )
    return session.scalars(select(Session).where(live)).one_or_none()


def find_live_api_key(
    session: DatabaseSession, scope: Scope, api_key_id: str, now: datetime
) -> ApiKey | None:
    return session.scalars(
        scoped(ApiKey, scope).where(ApiKey.id == api_key_id, _live(now))
    ).one_or_none()


def delete_stale_sign_ins(session: DatabaseSession, before: datetime) -> None:
    """Delete sessions and sign-in tokens that ended before an instant."""
    session.execute(delete(Session).where(Session.expires_at <= before))
    session.execute(delete(SignInToken).where(SignInToken.expires_at <= before))


def _live(now: datetime) -> Any:
    not_expired = or_(ApiKey.expires_at.is_(None), ApiKey.expires_at > now)
    return and_(ApiKey.revoked_at.is_(None), not_expired)
