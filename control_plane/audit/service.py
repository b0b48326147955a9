"""Rules of the audit log: what is written, how it is found, and whether it still holds."""

from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy.orm import Session

from control_plane.audit import repository
from control_plane.audit.chain import GENESIS, Link, Verdict, follow, link_hash
from control_plane.audit.errors import AuditRangeError
from control_plane.audit.models import AuditEvent, AuditIntent
from control_plane.audit.repository import Filter
from control_plane.kit.clock import Clock
from control_plane.kit.db import Database
from control_plane.kit.ids import new_id
from control_plane.kit.outbox import publish
from control_plane.kit.pagination import (
    Page,
    PageRequest,
    PageTokenError,
    decode_token,
    encode_token,
)
from control_plane.kit.scope import Scope

BATCH_MAX = 500
VERIFIED_MAX = 50_000
INTENT_SECONDS_MAX = 180  # longer than any request runs; after it a call counts as cut off
SEQUENCE_DIGITS_MAX = 18

CONTROL_PLANE = "control-plane"
EVENT_SUBJECT = "audit.event"


class Outcome(StrEnum):
    """How a call or a change ended."""

    SUCCEEDED = "succeeded"
    DENIED = "denied"
    REFUSED = "refused"
    FAILED = "failed"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Actor:
    """Who acted; `address` is where a request came from."""

    id: str
    kind: str
    role: str | None = None
    address: str | None = None


@dataclass(frozen=True)
class Entry:
    """What is written of one thing that was done or refused."""

    organization_id: str
    actor: Actor
    action: str
    resource_id: str | None = None
    request: dict[str, Any] = field(default_factory=dict[str, Any])
    details: dict[str, Any] = field(default_factory=dict[str, Any])

    def content(self) -> dict[str, Any]:
        return {
            "organization_id": self.organization_id,
            "actor": {
                "id": self.actor.id,
                "kind": self.actor.kind,
                "role": self.actor.role,
                "address": self.actor.address,
            },
            "action": self.action,
            "resource_id": self.resource_id,
            "request": self.request,
            "details": self.details,
        }


@dataclass(frozen=True)
class Head:
    """Where a chain ends; who keeps this elsewhere can tell later whether the end was cut off."""

    sequence: int
    hash: bytes


class AuditService:
    """Appends to chains of organizations, each in its order, and reads them."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def begin(self, entry: Entry) -> str:
        """Write down that a call begins, before it does anything; return the intent's id."""
        intent = AuditIntent(
            id=new_id("aui"),
            organization_id=entry.organization_id,
            began_at=self._clock.now(),
            content=entry.content(),
        )
        with self._database.transaction() as session:
            session.add(intent)
        return intent.id

    def end(
        self,
        organization_id: str,
        intent_id: str,
        outcome: Outcome,
        result: dict[str, Any],
        resource_id: str | None = None,
    ) -> None:
        """Make the call's event; nothing if it was given up meanwhile."""
        with self._database.transaction() as session:
            intent = repository.find_intent(session, organization_id, intent_id)
            if intent is None:
                return
            content = dict(intent.content)
            if resource_id is not None:
                content["resource_id"] = resource_id
            session.delete(intent)
            self._append(session, content, outcome, result)

    def record(self, entry: Entry, outcome: Outcome, result: dict[str, Any]) -> None:
        """Append an event of something that is over."""
        with self._database.transaction() as session:
            self.append(session, entry, outcome, result)

    def append(
        self, session: Session, entry: Entry, outcome: Outcome, result: dict[str, Any]
    ) -> None:
        """Append in the transaction of `session`, as the last thing that it does."""
        self._append(session, entry.content(), outcome, result)

    def give_up_stale(self, session: Session) -> int:
        """Make events of calls whose process ended before they did; return how many."""
        before = self._clock.now() - timedelta(seconds=INTENT_SECONDS_MAX)
        stale = repository.list_stale_intents(session, before, BATCH_MAX)
        # Chains are locked in one order, so that two sweeps can not wait for each other.
        for intent in sorted(stale, key=lambda one: (one.organization_id, one.began_at)):
            session.delete(intent)
            self._append(session, dict(intent.content), Outcome.UNKNOWN, {})
        return len(stale)

    def list(
        self, session: Session, scope: Scope, wanted: Filter, page: PageRequest
    ) -> Page[AuditEvent]:
        """List events, newest first. Raises AuditRangeError or PageTokenError."""
        _require_range(wanted)
        before = None if page.token is None else _sequence_of(page.token)
        found = repository.list_before(session, scope, wanted, before, page.size + 1)
        items = found[: page.size]
        more = len(found) > page.size
        return Page(items, encode_token([str(items[-1].sequence)]) if more else None)

    def export(
        self, scope: Scope, wanted: Filter, after: int = 0, limit: int | None = None
    ) -> Generator[Sequence[AuditEvent]]:
        """Yield events after a sequence, oldest first, a batch and transaction at a time.

        Raises AuditRangeError before the first.
        """
        _require_range(wanted)
        return self._batches(scope, wanted, after, limit)

    def head(self, session: Session, scope: Scope) -> Head:
        chain = repository.find_chain(session, scope)
        return Head(0, GENESIS) if chain is None else Head(chain.sequence, chain.hash)

    def verify(self, scope: Scope, after: int) -> tuple[Verdict, Head]:
        """Check at most `VERIFIED_MAX` events after a sequence, and where the chain ends.

        The chain holds as far as the verdict says; it holds whole if that is the head.
        """
        with self._database.snapshot() as session:
            head = self.head(session, scope)
            start = repository.find_event(session, scope, after) if after > 0 else None
        sequence, previous = (0, GENESIS) if start is None else (start.sequence, start.hash)
        checked = 0
        while checked < VERIFIED_MAX:
            with self._database.snapshot() as session:
                batch = repository.list_after(session, scope, Filter(), sequence, BATCH_MAX)
                links = [_link(event) for event in batch if event.sequence <= head.sequence]
            verdict = follow(links, sequence=sequence, previous_hash=previous)
            checked += verdict.events
            sequence, previous = verdict.sequence, verdict.hash
            if verdict.broken_at is not None or not links:
                return Verdict(checked, sequence, previous, _broken_at(verdict, head)), head
        return Verdict(checked, sequence, previous), head

    def _batches(
        self, scope: Scope, wanted: Filter, sequence: int, limit: int | None
    ) -> Generator[Sequence[AuditEvent]]:
        while limit is None or limit > 0:
            size = BATCH_MAX if limit is None else min(limit, BATCH_MAX)
            with self._database.snapshot() as session:
                batch = repository.list_after(session, scope, wanted, sequence, size)
            if not batch:
                return
            yield batch
            sequence = batch[-1].sequence
            limit = None if limit is None else limit - len(batch)

    def _append(
        self, session: Session, content: dict[str, Any], outcome: Outcome, result: dict[str, Any]
    ) -> None:
        organization_id = content["organization_id"]
        chain = repository.lock_chain(session, organization_id)
        at = self._clock.now()
        sequence = chain.sequence + 1
        content |= {
            "sequence": sequence,
            "at": at.isoformat(),
            "outcome": outcome.value,
            "result": result,
        }
        event = AuditEvent(
            organization_id=organization_id,
            sequence=sequence,
            at=at,
            content=content,
            actor_id=content["actor"]["id"],
            action=content["action"],
            outcome=outcome.value,
            resource_id=content["resource_id"],
            previous_hash=chain.hash,
            hash=link_hash(chain.hash, content),
        )
        session.add(event)
        chain.sequence, chain.hash = sequence, event.hash
        session.flush()


def leave(
    session: Session,
    *,
    organization_id: str,
    action: str,
    resource_id: str,
    outcome: Outcome,
    result: Mapping[str, Any],
    now: datetime,
) -> None:
    """Have the control plane's own act written down, once the transaction of `session` commits.

    It locks no chain, so that a job may call it anywhere in its transaction.
    """
    body = {
        "action": action,
        "resource_id": resource_id,
        "outcome": outcome.value,
        "result": dict(result),
    }
    publish(session, subject=EVENT_SUBJECT, key=organization_id, body=body, now=now)


def _broken_at(verdict: Verdict, head: Head) -> int | None:
    """Where a chain breaks: also where it ends before its head, or elsewhere than there."""
    if verdict.broken_at is not None:
        return verdict.broken_at
    if verdict.sequence < head.sequence:
        return verdict.sequence + 1
    return None if verdict.hash == head.hash else head.sequence


def _link(event: AuditEvent) -> Link:
    """Return the event as its columns tell it: what is found by must be what is hashed."""
    content = event.content | {
        "organization_id": event.organization_id,
        "sequence": event.sequence,
        "at": event.at.isoformat(),
        "action": event.action,
        "outcome": event.outcome,
        "resource_id": event.resource_id,
        "actor": event.content.get("actor", {}) | {"id": event.actor_id},
    }
    return Link(event.sequence, content, event.previous_hash, event.hash)


def _require_range(wanted: Filter) -> None:
    if wanted.since is not None and wanted.until is not None and wanted.until <= wanted.since:
        raise AuditRangeError("until lies not after since")


def _sequence_of(token: str) -> int:
    text = decode_token(token, 1)[0]
    if not text.isdecimal() or len(text) > SEQUENCE_DIGITS_MAX:
        raise PageTokenError(
            "the page token is not one that this list gave out",
            advice="start again without page_token, or pass next_page_token unchanged",
        )
    return int(text)
