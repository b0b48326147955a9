"""Where a request comes from, as a session that it opens will say."""

from fastapi import Request

from api.rate_limits import address_of
from control_plane.identity.sessions import Origin


def origin_of(request: Request) -> Origin:
    """Return the client's address and what it says that it is."""
    return Origin(address_of(request.scope), request.headers.get("user-agent"))
