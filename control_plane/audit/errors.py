"""Coded errors of the audit log."""

from control_plane.kit.errors import InvalidInputError


class AuditRangeError(InvalidInputError):
    """The range of time ends before it begins."""

    code = "audit_range_invalid"
    title = "Audit range invalid"
