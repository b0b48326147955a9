"""Queries of organizations."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from control_plane.kit.pagination import Page, PageRequest, paginate
from control_plane.organizations.models import Organization


def find(session: Session, organization_id: str) -> Organization | None:
    return session.get(Organization, organization_id)


def list_page(
    session: Session, only_organization_id: str | None, page: PageRequest
) -> Page[Organization]:
    """List every organization, or only the named one."""
    statement = select(Organization)
    if only_organization_id is not None:
        statement = statement.where(Organization.id == only_organization_id)
    return paginate(session, statement, (Organization.created_at, Organization.id), page)
