"""The audit log: what was done and refused in an organization."""

from collections.abc import Iterator
from datetime import datetime

from headrace.audit_chain import sequence_of
from headrace.models import AuditEvent, AuditVerification, Page
from headrace.pagination import iterate
from headrace.transport import Request, Transport

PATH = "/v1/audit"
INSTALLATION_PATH = "/v1/installation/audit"
EXPORTED_AT_ONCE = 2_000


class Audit:
    """What `client.audit` does."""

    def __init__(self, transport: Transport, path: str = PATH) -> None:
        self._transport = transport
        self._path = path

    def list(self, **wanted: str | datetime | None) -> Iterator[AuditEvent]:
        """Yield events, newest first.

        `wanted` is any of actor_id, action, outcome, resource_id, since (included) and until.
        """
        return iterate(self._transport, f"{self._path}/events", Page[AuditEvent], _query(wanted))

    def export(self, **wanted: str | datetime | None) -> Iterator[bytes]:
        """Yield events as JSON, oldest first, without line ends; `wanted` as of `list`.

        `headrace.audit_chain.verify` checks an export that nothing was left out of.
        """
        query = _query(wanted) | {"limit": EXPORTED_AT_ONCE, "after": 0}
        while True:
            request = Request("GET", f"{self._path}/events:export", dict(query))
            lines = self._transport.send(request).content.splitlines()
            yield from lines
            if len(lines) < EXPORTED_AT_ONCE:
                return
            query["after"] = sequence_of(lines[-1])

    def verify(self) -> AuditVerification:
        """Have the service check its whole chain, part by part."""
        events, after = 0, 0
        while True:
            request = Request("GET", f"{self._path}/verification", {"after": after})
            found = self._transport.decode(self._transport.send(request), AuditVerification)
            events += found.events
            if found.is_complete or not found.holds:
                return AuditVerification(
                    holds=found.holds,
                    is_complete=found.is_complete,
                    events=events,
                    sequence=found.sequence,
                    hash=found.hash,
                    broken_at=found.broken_at,
                )
            after = found.sequence


def _query(wanted: dict[str, str | datetime | None]) -> dict[str, str | int]:
    return {
        name: value.isoformat() if isinstance(value, datetime) else value
        for name, value in wanted.items()
        if value is not None
    }
