"""Queries of notifications; rows of organizations only through `scoped`."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, cast

from sqlalchemy import CursorResult, delete, func, or_, select
from sqlalchemy.orm import Session

from control_plane.kit.pagination import Page, PageRequest, paginate
from control_plane.kit.scope import Scope, scoped
from control_plane.notifications.models import Delivery, Webhook
from control_plane.notifications.states import DeliveryStatus


def find_webhook(session: Session, scope: Scope, webhook_id: str) -> Webhook | None:
    return session.scalars(scoped(Webhook, scope).where(Webhook.id == webhook_id)).one_or_none()


def find_any_webhook(session: Session, webhook_id: str) -> Webhook | None:
    return session.get(Webhook, webhook_id)


def list_webhooks(session: Session, scope: Scope, page: PageRequest) -> Page[Webhook]:
    return paginate(session, scoped(Webhook, scope), (Webhook.created_at, Webhook.id), page)


def list_enabled(session: Session, scope: Scope) -> Sequence[Webhook]:
    """List the webhooks that are called, oldest first."""
    statement = scoped(Webhook, scope).where(Webhook.is_enabled)
    return session.scalars(statement.order_by(Webhook.created_at, Webhook.id)).all()


def count_webhooks(session: Session, scope: Scope) -> int:
    webhooks = scoped(Webhook, scope).subquery()
    return session.execute(select(func.count()).select_from(webhooks)).scalar_one()


def list_to_call(session: Session, now: datetime, limit: int) -> Sequence[str]:
    """List webhooks for which a delivery is due, those that wait longest first."""
    statement = (
        select(Delivery.webhook_id)
        .join(Webhook, Webhook.id == Delivery.webhook_id)
        .where(
            Delivery.status == DeliveryStatus.PENDING.value,
            Delivery.next_attempt_at <= now,
            Webhook.is_enabled,
            or_(Webhook.resting_until.is_(None), Webhook.resting_until <= now),
        )
        .group_by(Delivery.webhook_id)
        .order_by(func.min(Delivery.next_attempt_at))
        .limit(limit)
    )
    return session.scalars(statement).all()


def list_due(session: Session, webhook_id: str, now: datetime, limit: int) -> Sequence[Delivery]:
    """List the deliveries of a webhook that are due, those that wait longest first."""
    statement = select(Delivery).where(
        Delivery.webhook_id == webhook_id,
        Delivery.status == DeliveryStatus.PENDING.value,
        Delivery.next_attempt_at <= now,
    )
    ordered = statement.order_by(Delivery.next_attempt_at, Delivery.created_at, Delivery.id)
    return session.scalars(ordered.limit(limit)).all()


def count_pending(session: Session, webhook_id: str) -> int:
    statement = select(func.count()).where(
        Delivery.webhook_id == webhook_id, Delivery.status == DeliveryStatus.PENDING.value
    )
    return session.execute(statement).scalar_one()


def find_any_delivery(session: Session, delivery_id: str) -> Delivery | None:
    return session.get(Delivery, delivery_id)


def find_delivery(
    session: Session, scope: Scope, webhook_id: str, delivery_id: str
) -> Delivery | None:
    statement = scoped(Delivery, scope).where(
        Delivery.webhook_id == webhook_id, Delivery.id == delivery_id
    )
    return session.scalars(statement).one_or_none()


def list_deliveries(
    session: Session,
    scope: Scope,
    webhook_id: str,
    page: PageRequest,
    status: DeliveryStatus | None,
) -> Page[Delivery]:
    """List deliveries, newest first."""
    statement = scoped(Delivery, scope).where(Delivery.webhook_id == webhook_id)
    if status is not None:
        statement = statement.where(Delivery.status == status.value)
    order = (Delivery.created_at, Delivery.id)
    return paginate(session, statement, order, page, newest_first=True)


def list_failed(
    session: Session, scope: Scope, webhook_id: str, since: datetime, limit: int
) -> Sequence[Delivery]:
    """List deliveries that were given up and whose events came at or after `since`."""
    statement = scoped(Delivery, scope).where(
        Delivery.webhook_id == webhook_id,
        Delivery.status == DeliveryStatus.FAILED.value,
        Delivery.created_at >= since,
    )
    return session.scalars(statement.order_by(Delivery.created_at, Delivery.id).limit(limit)).all()


def delete_deliveries_before(session: Session, before: datetime) -> int:
    """Delete the deliveries of events before an instant; return how many there were."""
    statement = delete(Delivery).where(Delivery.created_at < before)
    return cast("CursorResult[Any]", session.execute(statement)).rowcount


def delete_deliveries_of(session: Session, webhook_id: str) -> None:
    session.execute(delete(Delivery).where(Delivery.webhook_id == webhook_id))
