"""Queries of operations."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from control_plane.kit.pagination import Page, PageRequest, paginate
from control_plane.kit.scope import Scope, scoped
from control_plane.operations.models import Operation
from control_plane.operations.states import FINAL


def find(session: Session, scope: Scope, operation_id: str) -> Operation | None:
    return session.scalars(scoped(Operation, scope).where(Operation.id == operation_id)).first()


def find_any(session: Session, operation_id: str) -> Operation | None:
    """Find an operation whoever owns it; for jobs, which act for no caller."""
    return session.get(Operation, operation_id)


def list_page(
    session: Session, scope: Scope, page: PageRequest, resource_id: str | None
) -> Page[Operation]:
    statement = scoped(Operation, scope)
    if resource_id is not None:
        statement = statement.where(Operation.resource_id == resource_id)
    return paginate(session, statement, (Operation.created_at, Operation.id), page)


def list_changed(
    session: Session, scope: Scope, since: datetime, count_max: int
) -> Sequence[Operation]:
    statement = scoped(Operation, scope).where(Operation.updated_at >= since)
    newest = statement.order_by(Operation.updated_at.desc(), Operation.id.desc()).limit(count_max)
    return session.scalars(newest).all()[::-1]


def list_unfinished(session: Session, scope: Scope, count_max: int) -> Sequence[Operation]:
    statement = scoped(Operation, scope).where(
        Operation.status.not_in([status.value for status in FINAL])
    )
    ordered = statement.order_by(Operation.created_at, Operation.id)
    return session.scalars(ordered.limit(count_max)).all()


def list_open(session: Session, resource_type: str, resource_id: str) -> Sequence[Operation]:
    statement = select(Operation).where(
        Operation.resource_type == resource_type,
        Operation.resource_id == resource_id,
        Operation.status.not_in([status.value for status in FINAL]),
    )
    return session.scalars(statement.order_by(Operation.created_at, Operation.id)).all()
