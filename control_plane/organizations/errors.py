"""Coded errors of organizations."""

from control_plane.kit.errors import NotFoundError


class OrganizationNotFoundError(NotFoundError):
    """No such organization for this caller."""

    code = "organization_not_found"
    title = "Organization not found"
