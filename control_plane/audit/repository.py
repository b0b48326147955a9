"""Queries of the audit log."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from control_plane.audit.chain import GENESIS
from control_plane.audit.models import AuditChain, AuditEvent, AuditIntent
from control_plane.kit.db import insert_unless_present
from control_plane.kit.scope import Scope, scoped


@dataclass(frozen=True)
class Filter:
    """Which events are wanted; `until` is the first instant that is not."""

    actor_id: str | None = None
    action: str | None = None
    outcome: str | None = None
    resource_id: str | None = None
    since: datetime | None = None
    until: datetime | None = None


def lock_chain(session: Session, organization_id: str) -> AuditChain:
    """Return where the chain ends, locked until the transaction is over."""
    empty = {"organization_id": organization_id, "sequence": 0, "hash": GENESIS}
    insert_unless_present(session, AuditChain, empty)
    statement = scoped(AuditChain, Scope(organization_id)).with_for_update()
    return session.scalars(statement.execution_options(populate_existing=True)).one()


def find_chain(session: Session, scope: Scope) -> AuditChain | None:
    return session.scalars(scoped(AuditChain, scope)).one_or_none()


def find_event(session: Session, scope: Scope, sequence: int) -> AuditEvent | None:
    return session.scalars(
        scoped(AuditEvent, scope).where(AuditEvent.sequence == sequence)
    ).one_or_none()


def list_after(
    session: Session, scope: Scope, wanted: Filter, sequence: int, count_max: int
) -> Sequence[AuditEvent]:
    """List events after a sequence, oldest first."""
    statement = _filtered(scope, wanted).where(AuditEvent.sequence > sequence)
    return session.scalars(statement.order_by(AuditEvent.sequence).limit(count_max)).all()


def list_before(
    session: Session, scope: Scope, wanted: Filter, sequence: int | None, count_max: int
) -> Sequence[AuditEvent]:
    """List events before a sequence, newest first."""
    statement = _filtered(scope, wanted)
    if sequence is not None:
        statement = statement.where(AuditEvent.sequence < sequence)
    return session.scalars(statement.order_by(AuditEvent.sequence.desc()).limit(count_max)).all()


def find_intent(session: Session, organization_id: str, intent_id: str) -> AuditIntent | None:
    return session.scalars(
        scoped(AuditIntent, Scope(organization_id)).where(AuditIntent.id == intent_id)
    ).one_or_none()


def list_stale_intents(session: Session, before: datetime, count_max: int) -> Sequence[AuditIntent]:
    """List calls of all organizations that began before an instant and have not ended."""
    statement = select(AuditIntent).where(AuditIntent.began_at < before)
    return session.scalars(statement.order_by(AuditIntent.began_at).limit(count_max)).all()


def _filtered(scope: Scope, wanted: Filter) -> Select[AuditEvent]:
    statement = scoped(AuditEvent, scope)
    equal = (
        (AuditEvent.actor_id, wanted.actor_id),
        (AuditEvent.action, wanted.action),
        (AuditEvent.outcome, wanted.outcome),
        (AuditEvent.resource_id, wanted.resource_id),
    )
    for column, value in equal:
        if value is not None:
            statement = statement.where(column == value)
    if wanted.since is not None:
        statement = statement.where(AuditEvent.at >= wanted.since)
    if wanted.until is not None:
        statement = statement.where(AuditEvent.at < wanted.until)
    return statement
