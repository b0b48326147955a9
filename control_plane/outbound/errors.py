"""Errors of connections that customers ask for."""

from control_plane.kit.errors import InvalidInputError


class OutboundUrlError(InvalidInputError):
    """The URL is one that is never asked."""

    code = "url_not_allowed"
    title = "URL not allowed"


class OutboundError(Exception):
    """An exchange failed; `code` is stable and made for programs, `detail` for people.

    Neither repeats what the server said: it may be one that the customer should not see.
    """

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail
