"""API keys: one credential for the API, for HTTP Basic and for Kafka clients."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from headrace.models import ApiKey, Page
from headrace.pagination import iterate
from headrace.transport import Request, Transport, management_post, path_of

PATH = "/v1/api-keys"


class ApiKeys:
    """What `client.api_keys` does."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def create(
        self,
        name: str | None = None,
        cluster_id: str | None = None,
        role: str | None = None,
        expires_at: datetime | None = None,
        *,
        secret: str | None = None,
        read: Sequence[str] | None = None,
        write: Sequence[str] | None = None,
    ) -> ApiKey:
        """Create a key, in force when this returns; its secret is shown this once.

        With `read` or `write`, beginnings of topic names or `*`, it may do that and nothing else.
        A `secret` of your own, never used before, is taken instead and not shown.
        """
        wanted = {
            "name": name,
            "cluster_id": cluster_id,
            "role": role,
            "expires_at": expires_at,
            "secret": secret,
            "bounds": _bounds(read, write),
        }
        body = {field: value for field, value in wanted.items() if value is not None}
        return self._transport.post(PATH, body, ApiKey)

    def list(self, cluster_id: str | None = None) -> Iterator[ApiKey]:
        """Yield keys, oldest first, of one cluster if said."""
        query = {} if cluster_id is None else {"cluster_id": cluster_id}
        return iterate(self._transport, PATH, Page[ApiKey], query)

    def get(self, api_key_id: str) -> ApiKey:
        return self._transport.get(PATH + path_of(api_key_id), ApiKey)

    def rotate(
        self, api_key_id: str, *, overlap_seconds: int | None = None, dry_run: bool = False
    ) -> ApiKey:
        """Give a key another secret, in force when this returns and shown this once.

        The one before works for a day more, or for `overlap_seconds`, 0 for no more at all. With
        `dry_run` nothing is changed, and no secret made.
        """
        body = {} if overlap_seconds is None else {"overlap_seconds": overlap_seconds}
        query = {"dry_run": "true"} if dry_run else {}
        request = management_post(f"{PATH}{path_of(api_key_id)}:rotate", body, query)
        return self._transport.decode(self._transport.send(request), ApiKey)

    def revoke(self, api_key_id: str) -> ApiKey:
        """End a key: open connections that use it are closed."""
        response = self._transport.send(Request("DELETE", PATH + path_of(api_key_id)))
        return self._transport.decode(response, ApiKey)


def _bounds(read: Sequence[str] | None, write: Sequence[str] | None) -> dict[str, list[str]] | None:
    if read is None and write is None:
        return None
    return {"read": list(read or ()), "write": list(write or ())}
