"""Jobs of users: mail to addresses that may or may not be known, and forgetting."""

from control_plane.kit.jobs import JobRegistry
from control_plane.users.service import MAIL_RESET_JOB, MAIL_SIGN_UP_JOB, UserService

PURGE_JOB = "mailed_tokens.purge"
PURGE_EVERY_SECONDS = 3600


def register(registry: JobRegistry, users: UserService) -> None:
    """Add the jobs of users to a process."""
    registry.register(MAIL_SIGN_UP_JOB, users.mail_sign_up)
    registry.register(MAIL_RESET_JOB, users.mail_reset)
    registry.register(PURGE_JOB, users.purge, every_seconds=PURGE_EVERY_SECONDS)
