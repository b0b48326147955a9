"""SCRAM users of a cluster: logins that are no API keys."""

from collections.abc import Iterator, Sequence
from typing import Any

from headrace.models import Page, ScramUser
from headrace.pagination import iterate
from headrace.transport import (
    Request,
    Transport,
    dry_run_flag,
    management_patch,
    management_post,
    path_of,
)


class ScramUsers:
    """What `client.scram_users` does."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def list(self, cluster_id: str) -> Iterator[ScramUser]:
        """Yield users in the order of their names."""
        return iterate(self._transport, _path(cluster_id), Page[ScramUser])

    def get(self, cluster_id: str, name: str) -> ScramUser:
        return self._transport.get(_path(cluster_id, name), ScramUser)

    def create(
        self,
        cluster_id: str,
        name: str,
        password: str | None = None,
        *,
        mechanisms: Sequence[str] | None = None,
        iterations: int | None = None,
        dry_run: bool = False,
    ) -> ScramUser:
        """Make a user. Without a `password` one is made, which only this answer has.

        `mechanisms` are SCRAM-SHA-256 and SCRAM-SHA-512, or one of them.
        """
        body: dict[str, Any] = {"name": name}
        if password is not None:
            body["password"] = password
        if mechanisms is not None:
            body["mechanisms"] = list(mechanisms)
        if iterations is not None:
            body["iterations"] = iterations
        request = management_post(_path(cluster_id), body, dry_run_flag(dry_run=dry_run))
        return self._transport.decode(self._transport.send(request), ScramUser)

    def set_password(
        self, cluster_id: str, name: str, password: str | None = None, *, dry_run: bool = False
    ) -> ScramUser:
        """Give a user another password; without one it is made, and only this answer has it."""
        body = {} if password is None else {"password": password}
        path = _path(cluster_id, name)
        request = management_patch(path, body, dry_run_flag(dry_run=dry_run))
        return self._transport.decode(self._transport.send(request), ScramUser)

    def delete(self, cluster_id: str, name: str, *, dry_run: bool = False) -> ScramUser:
        """End a user and its connections; return what it was."""
        request = Request("DELETE", _path(cluster_id, name), dry_run_flag(dry_run=dry_run))
        return self._transport.decode(self._transport.send(request), ScramUser)


def _path(cluster_id: str, *name: str) -> str:
    return "/v1" + path_of("clusters", cluster_id, "scram-users", *name)
