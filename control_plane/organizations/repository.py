"""Queries of organizations."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from control_plane.kit.pagination import Page, PageRequest, paginate
from control_plane.organizations.models import Organization


def find(session: Session, organization_id: str) -> Organization | None:
    return session.get(Organization, organization_id)


def find_installation(session: Session) -> Organization | None:
    return session.scalars(
        select(Organization).where(Organization.is_installation.is_(True))
    ).one_or_none()


def list_page(
    session: Session, only_organization_id: str | None, page: PageRequest
) -> Page[Organization]:
    """List every customer's organization, or only the named one."""
    statement = select(Organization).where(Organization.is_installation.is_(False))
    if only_organization_id is not None:
        statement = statement.where(Organization.id == only_organization_id)
    return paginate(session, statement, (Organization.created_at, Organization.id), page)
