"""Sessions of one's own: listed, and ended."""

from collections.abc import Iterator

from headrace.models import Page, Session
from headrace.pagination import iterate
from headrace.transport import Request, Transport, path_of

PATH = "/v1/sessions"


class Sessions:
    """What `client.sessions` does."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def list(self) -> Iterator[Session]:
        """Yield your live sessions, the one last used first; those opened with an API key."""
        return iterate(self._transport, PATH, Page[Session])

    def revoke(self, session_id: str) -> Session:
        """End one of your sessions at once."""
        request = Request("DELETE", PATH + path_of(session_id))
        return self._transport.decode(self._transport.send(request), Session)

    def revoke_others(self) -> tuple[Session, ...]:
        """End all of your sessions but the one that asks; return those that were ended."""
        answer = self._transport.send(Request("DELETE", PATH))
        return tuple(self._transport.decode(answer, Page[Session]).items)
