"""Problems under /kafka also carry what clients of Kafka REST look for: error_code and message."""

from collections.abc import Mapping
from typing import Any

from control_plane.kit.errors import AppError

PREFIX = "/kafka/"

# Where Confluent has a finer code of the same status; anything else gets its HTTP status.
_ERROR_CODES: Mapping[str, int] = {
    "credentials_invalid": 40101,
    "credential_refused": 40101,
    "permission_denied": 40301,
    "access_denied": 40301,
    "partition_not_found": 40402,
    "topic_not_found": 40403,
    "cluster_unreachable": 50302,
}


def error_code(error: AppError) -> int:
    """Return the number that Kafka REST has for an error."""
    return _ERROR_CODES.get(error.code, error.status)


def problem_members(error: AppError) -> Mapping[str, Any]:
    """Return what a problem under /kafka carries beside the usual members."""
    return {"error_code": error_code(error), "message": error.detail}
