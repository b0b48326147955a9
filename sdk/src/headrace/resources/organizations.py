"""Organizations: made by operators of the installation, seen by their own."""

from collections.abc import Iterator

from headrace.models import Organization, Page
from headrace.pagination import iterate
from headrace.transport import Transport, path_of

PATH = "/v1/organizations"
INSTALLATION_PATH = "/v1/installation/organizations"


class Organizations:
    """What `client.organizations` does."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def create(self, name: str) -> Organization:
        """Create an organization with an operator's key; its first API key is shown this once."""
        return self._transport.post(INSTALLATION_PATH, {"name": name}, Organization)

    def list(self) -> Iterator[Organization]:
        return iterate(self._transport, PATH, Page[Organization])

    def list_all(self) -> Iterator[Organization]:
        """List every organization of the installation with an operator's key."""
        return iterate(self._transport, INSTALLATION_PATH, Page[Organization])

    def get(self, organization_id: str) -> Organization:
        return self._transport.get(PATH + path_of(organization_id), Organization)
