"""Members: the people of an organization, each with one role."""

from collections.abc import Iterator

from headrace.models import Member, Page
from headrace.pagination import iterate
from headrace.transport import Request, Transport, path_of

PATH = "/v1/members"


class Members:
    """What `client.members` does."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def create(
        self, email: str, name: str, role: str | None = None, cluster_id: str | None = None
    ) -> Member:
        """Add a person, with a role in the organization or in one cluster of it."""
        wanted = {"email": email, "name": name, "role": role, "cluster_id": cluster_id}
        body = {field: value for field, value in wanted.items() if value is not None}
        return self._transport.post(PATH, body, Member)

    def list(self) -> Iterator[Member]:
        return iterate(self._transport, PATH, Page[Member])

    def get(self, member_id: str) -> Member:
        return self._transport.get(PATH + path_of(member_id), Member)

    def grant(self, member_id: str, role: str, cluster_id: str | None = None) -> Member:
        """Give a person another role; sessions they have opened follow at once."""
        body = {"role": role, "cluster_id": cluster_id}
        return self._transport.patch(PATH + path_of(member_id), body, Member)

    def delete(self, member_id: str) -> Member:
        """Remove a person, and end their sessions."""
        request = Request("DELETE", PATH + path_of(member_id))
        return self._transport.decode(self._transport.send(request), Member)
