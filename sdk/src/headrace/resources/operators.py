"""Operators of the installation: keys of their own, and grants beside roles in organizations."""

from collections.abc import Iterator
from datetime import datetime

from headrace.models import OperatorGrant, OperatorKey, Page
from headrace.pagination import iterate
from headrace.transport import Request, Transport, path_of

GRANTS_PATH = "/v1/installation/operators"
KEYS_PATH = "/v1/installation/api-keys"


class Operators:
    """What `client.operators` does, for operators alone."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def list(self) -> Iterator[OperatorGrant]:
        """Yield the keys and members of organizations that operate the installation too."""
        return iterate(self._transport, GRANTS_PATH, Page[OperatorGrant])

    def grant(self, principal_id: str) -> OperatorGrant:
        """Let an API key or a member of any organization operate the installation too."""
        request = Request("PUT", GRANTS_PATH + path_of(principal_id))
        return self._transport.decode(self._transport.send(request), OperatorGrant)

    def revoke(self, principal_id: str) -> OperatorGrant:
        """Take that back; what the key or member may do in its organization stays."""
        request = Request("DELETE", GRANTS_PATH + path_of(principal_id))
        return self._transport.decode(self._transport.send(request), OperatorGrant)

    def create_key(self, name: str, *, expires_at: datetime | None = None) -> OperatorKey:
        """Make a key that operates the installation and has no role in any organization."""
        body = {"name": name}
        if expires_at is not None:
            body["expires_at"] = expires_at.isoformat()
        return self._transport.post(KEYS_PATH, body, OperatorKey)

    def list_keys(self) -> Iterator[OperatorKey]:
        return iterate(self._transport, KEYS_PATH, Page[OperatorKey])

    def revoke_key(self, api_key_id: str) -> OperatorKey:
        """End a key of an operator for good."""
        request = Request("DELETE", KEYS_PATH + path_of(api_key_id))
        return self._transport.decode(self._transport.send(request), OperatorKey)
