"""Queries of clusters."""

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from control_plane.clusters.models import Cluster
from control_plane.clusters.states import ClusterStatus, Presence
from control_plane.kit.pagination import Page, PageRequest, paginate
from control_plane.kit.scope import Scope, scoped


def find(session: Session, scope: Scope, cluster_id: str) -> Cluster | None:
    """Find a living cluster of `scope`."""
    return session.scalars(_living(scope).where(Cluster.id == cluster_id)).first()


def find_deleted(session: Session, scope: Scope, cluster_id: str) -> Cluster | None:
    """Find a deleted cluster of `scope` that is kept."""
    return session.scalars(_kept(scope).where(Cluster.id == cluster_id)).first()


def find_by_name(session: Session, organization_id: str, name: str) -> Cluster | None:
    return session.scalars(_living(Scope(organization_id)).where(Cluster.name == name)).first()


def count(session: Session, organization_id: str) -> int:
    """Count the living clusters of an organization."""
    statement = _living(Scope(organization_id)).with_only_columns(func.count())
    return session.scalar(statement) or 0


def count_awaiting_data(session: Session, organization_id: str) -> int:
    """Count the living forks of an organization that have no data yet."""
    awaiting = _living(Scope(organization_id)).where(
        Cluster.source_id.is_not(None), Cluster.forked_at.is_(None)
    )
    return session.scalar(awaiting.with_only_columns(func.count())) or 0


def list_page(session: Session, scope: Scope, page: PageRequest) -> Page[Cluster]:
    return paginate(session, _living(scope), (Cluster.created_at, Cluster.id), page)


def count_deleted(session: Session, organization_id: str) -> int:
    """Count the deleted clusters of an organization that are kept."""
    statement = _kept(Scope(organization_id)).with_only_columns(func.count())
    return session.scalar(statement) or 0


def list_deleted_page(session: Session, scope: Scope, page: PageRequest) -> Page[Cluster]:
    return paginate(session, _kept(scope), (Cluster.created_at, Cluster.id), page)


def list_of_organization(
    session: Session, organization_id: str, cluster_id: str | None
) -> Sequence[Cluster]:
    """List the living clusters of an organization, or the one of them that is named."""
    statement = _living(Scope(organization_id, cluster_id))
    return session.scalars(statement.order_by(Cluster.created_at, Cluster.id)).all()


def lock(session: Session, cluster_id: str) -> Cluster | None:
    """Find a cluster whoever owns it, locked until the transaction ends; for jobs."""
    return session.get(Cluster, cluster_id, with_for_update=True, populate_existing=True)


def find_any(session: Session, cluster_id: str) -> Cluster | None:
    """Find a cluster whoever owns it and whether or not it lives; for jobs."""
    return session.get(Cluster, cluster_id)


def list_present(session: Session, engine: str) -> Sequence[Cluster]:
    """List every organization's clusters on `engine` that are not purged."""
    statement = select(Cluster).where(
        Cluster.status != ClusterStatus.PURGED.value, Cluster.engine == engine
    )
    return session.scalars(statement.order_by(Cluster.id)).all()


def list_in(
    session: Session, engine: str, statuses: Collection[ClusterStatus]
) -> Sequence[Cluster]:
    """List every organization's clusters on `engine` that are in one of these statuses."""
    statement = select(Cluster).where(
        Cluster.status.in_([status.value for status in statuses]), Cluster.engine == engine
    )
    return session.scalars(statement.order_by(Cluster.id)).all()


def list_due_for_purge(session: Session, now: datetime, count_max: int) -> Sequence[str]:
    """List every organization's deleted clusters whose time is over, the oldest first."""
    statement = select(Cluster).where(
        Cluster.purge_at <= now, Cluster.presence == Presence.KEPT.value
    )
    ids = statement.with_only_columns(Cluster.id).order_by(Cluster.purge_at)
    return session.scalars(ids.limit(count_max)).all()


def list_trusting_issuers(session: Session) -> Sequence[Cluster]:
    """List every organization's clusters whose issuer's keys are fetched, and that are not gone."""
    statement = select(Cluster).where(
        Cluster.issuer_keys.is_not(None), Cluster.deleted_at.is_(None)
    )
    return session.scalars(statement).all()


def _living(scope: Scope) -> Select[Cluster]:
    return scoped(Cluster, scope).where(Cluster.deleted_at.is_(None))


def _kept(scope: Scope) -> Select[Cluster]:
    return scoped(Cluster, scope).where(Cluster.presence == Presence.KEPT.value)
