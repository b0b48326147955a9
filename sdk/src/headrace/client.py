"""The client: one service, one API key."""

from pathlib import Path
from types import TracebackType
from typing import Self

from headrace.models import Caller
from headrace.profiles import load_connection
from headrace.resources.access_rules import AccessRules
from headrace.resources.api_keys import ApiKeys
from headrace.resources.audit import INSTALLATION_PATH, Audit
from headrace.resources.billing import Billing
from headrace.resources.clusters import Clusters
from headrace.resources.groups import Groups
from headrace.resources.members import Members
from headrace.resources.operations import Operations
from headrace.resources.operators import Operators
from headrace.resources.organizations import Organizations
from headrace.resources.quotas import Quotas
from headrace.resources.records import Records
from headrace.resources.scram_users import ScramUsers
from headrace.resources.sessions import Sessions
from headrace.resources.topics import Topics
from headrace.resources.webhooks import Webhooks
from headrace.retries import RetryPolicy
from headrace.transport import Transport


class Client:
    """Talks to a Headrace service. Thread-safe; close it, or use it as a context manager.

    `url` is the address of the API, `api_key` the secret of an API key, `ca_file` what to trust
    beside the system's authorities (the embedded service has an authority of its own).
    """

    def __init__(
        self,
        url: str,
        api_key: str | None = None,
        *,
        ca_file: Path | None = None,
        retries: RetryPolicy | None = None,
    ) -> None:
        self._transport = Transport(url, api_key, ca_file, retries)
        self.operations = Operations(self._transport)
        self.clusters = Clusters(self._transport, self.operations)
        self.topics = Topics(self._transport)
        self.groups = Groups(self._transport)
        self.access_rules = AccessRules(self._transport)
        self.scram_users = ScramUsers(self._transport)
        self.quotas = Quotas(self._transport)
        self.api_keys = ApiKeys(self._transport)
        self.audit = Audit(self._transport)
        self.installation_audit = Audit(self._transport, INSTALLATION_PATH)
        self.members = Members(self._transport)
        self.operators = Operators(self._transport)
        self.organizations = Organizations(self._transport)
        self.records = Records(self._transport)
        self.billing = Billing(self._transport)
        self.sessions = Sessions(self._transport)
        self.webhooks = Webhooks(self._transport)

    @classmethod
    def from_environment(cls, profile: str | None = None) -> Self:
        """Connect as the command line does: HEADRACE_URL and HEADRACE_API_KEY, else a profile.

        Raises ConfigurationError where neither says enough.
        """
        connection = load_connection(profile)
        return cls(connection.url, connection.api_key, ca_file=connection.ca_file)

    def whoami(self) -> Caller:
        """Return whose API key this is."""
        return self._transport.get("/v1/whoami", Caller)

    def close(self) -> None:
        """Close the connections."""
        self._transport.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()
