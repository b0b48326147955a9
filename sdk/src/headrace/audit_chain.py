"""Checks an exported audit log by itself: nothing changed, left out, put in or swapped.

Each event's `hash` is the SHA-256 of the hash before it (32 bytes of zero before the first) and of
the event's canonical JSON: without `hash` and `previous_hash`, keys sorted, no blanks, ASCII alone.
"""

import hashlib
import json
from collections.abc import Iterable
from typing import Any, cast

from headrace.models import AuditVerification

GENESIS = bytes(32).hex()


def verify(lines: Iterable[bytes]) -> AuditVerification:
    """Check an export of a whole chain; what is no event breaks it."""
    events, sequence, previous = 0, 0, GENESIS
    for line in lines:
        event = _event(line)
        if event is None or not _follows(event, sequence, previous):
            return _verdict(events, sequence, previous, broken_at=sequence + 1)
        events, sequence, previous = events + 1, event["sequence"], event["hash"]
    return _verdict(events, sequence, previous)


def sequence_of(line: bytes) -> int:
    """Return the place of an exported event in its chain; raise ValueError for anything else."""
    event = _event(line)
    if event is None or not isinstance(event.get("sequence"), int):
        raise ValueError("this is no exported event")
    return cast("int", event["sequence"])


def _event(line: bytes) -> dict[str, Any] | None:
    try:
        parsed: object = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return cast("dict[str, Any]", parsed) if isinstance(parsed, dict) else None


def _follows(event: dict[str, Any], sequence: int, previous: str) -> bool:
    if event.get("sequence") != sequence + 1 or event.get("previous_hash") != previous:
        return False
    content = {name: event[name] for name in event if name not in {"hash", "previous_hash"}}
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    digest = hashlib.sha256(bytes.fromhex(previous) + canonical.encode("ascii"))
    return event.get("hash") == digest.hexdigest()


def _verdict(
    events: int, sequence: int, last_hash: str, broken_at: int | None = None
) -> AuditVerification:
    holds = broken_at is None
    return AuditVerification(
        holds=holds,
        is_complete=holds,
        events=events,
        sequence=sequence,
        hash=last_hash,
        broken_at=broken_at,
    )
