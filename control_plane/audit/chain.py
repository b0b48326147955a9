"""The chain of an organization's events: each hash covers the event and the hash before it. Pure.

`hash = SHA-256(previous hash || canonical JSON of the event)`. Canonical JSON has sorted keys, no
blanks, ASCII alone (RFC 8259 escapes) and integers only; the hashes themselves are not part of it.
docs/audit-log.md has an example; the SDK checks exports by the same rule.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

HASH_BYTES = 32
GENESIS = bytes(HASH_BYTES)
"""What stands before the first event."""

HASH_FIELDS = frozenset({"hash", "previous_hash"})


@dataclass(frozen=True, slots=True)
class Link:
    """One event as the chain sees it: its content without hashes, and both hashes."""

    sequence: int
    content: Mapping[str, Any]
    previous_hash: bytes
    hash: bytes


@dataclass(frozen=True, slots=True)
class Verdict:
    """How far a chain holds. `broken_at` is the first sequence that does not, None if all do."""

    events: int
    sequence: int
    hash: bytes
    broken_at: int | None = None


def link_hash(previous_hash: bytes, content: Mapping[str, Any]) -> bytes:
    """Return the hash of an event that follows `previous_hash`."""
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(previous_hash + canonical.encode("ascii")).digest()


def follow(links: Iterable[Link], *, sequence: int = 0, previous_hash: bytes = GENESIS) -> Verdict:
    """Check links that follow the event `sequence`, whose hash is `previous_hash`."""
    count = 0
    for link in links:
        holds = (
            link.sequence == sequence + 1
            and link.previous_hash == previous_hash
            and link.hash == link_hash(previous_hash, link.content)
        )
        if not holds:
            return Verdict(count, sequence, previous_hash, broken_at=sequence + 1)
        count, sequence, previous_hash = count + 1, link.sequence, link.hash
    return Verdict(count, sequence, previous_hash)
