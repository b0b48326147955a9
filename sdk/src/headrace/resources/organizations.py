"""Organizations: made by operators of the installation, seen by their own."""

from collections.abc import Iterator

from headrace.models import Caller, Organization, Page
from headrace.pagination import iterate
from headrace.transport import Transport, path_of

PATH = "/v1/organizations"
INSTALLATION_PATH = "/v1/installation/organizations"
WHOAMI_PATH = "/v1/whoami"


class Organizations:
    """What `client.organizations` does."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def create(self, name: str) -> Organization:
        """Create an organization with an operator's key; its first API key is shown this once."""
        return self._transport.post(INSTALLATION_PATH, {"name": name}, Organization)

    def list(self) -> Iterator[Organization]:
        """Yield the organizations you can see: your own, all of them for an operator."""
        return iterate(self._transport, self._path(), Page[Organization])

    def get(self, organization_id: str) -> Organization:
        return self._transport.get(self._path() + path_of(organization_id), Organization)

    def _path(self) -> str:
        operates = self._transport.get(WHOAMI_PATH, Caller).operates
        return INSTALLATION_PATH if operates else PATH
