"""Reasons for which the embedded service does not start, each one line for a person."""

from headrace.errors import HeadraceError


class EmbeddedError(HeadraceError):
    """The message says what is wrong and what to do; the command ends with status 1."""

    code = "installation_unusable"

    def __init__(self, message: str) -> None:
        super().__init__(" ".join(message.split()))
