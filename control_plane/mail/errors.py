"""Coded errors of mail."""

from control_plane.kit.errors import ConflictError


class MailNotConfiguredError(ConflictError):
    """The installation sends no mail, so that nothing can be proved by it."""

    code = "mail_not_configured"
    title = "Mail not configured"

    def __init__(self) -> None:
        super().__init__(
            "this installation sends no mail",
            advice="its operator sets HEADRACE_SMTP_URL and HEADRACE_MAIL_FROM",
        )
