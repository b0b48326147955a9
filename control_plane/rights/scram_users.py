"""What a SCRAM user of a cluster is, and which names it may have. Pure."""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

NAME_BYTES_MAX = 255
ITERATIONS_MIN, ITERATIONS_MAX = 4_096, 16_384
ITERATIONS_DEFAULT = 8_192

# Names that API keys, members, users of an organization's own issuer and the service itself have.
RESERVED_PREFIXES = ("hk_", "u_", "oauth:")
RESERVED_NAMES = frozenset({"control-plane", "ANONYMOUS", "unknown", "other"})


class Mechanism(StrEnum):
    """How a user may log in (RFC 5802, RFC 7677)."""

    SCRAM_SHA_256 = "SCRAM-SHA-256"
    SCRAM_SHA_512 = "SCRAM-SHA-512"


@dataclass(frozen=True, slots=True)
class ScramUser:
    """A user with the iterations of each mechanism that it may log in by."""

    name: str
    mechanisms: Mapping[Mechanism, int]

    @property
    def principal(self) -> str:
        return f"User:{self.name}"


def problem_of_name(name: str) -> str | None:
    """Say why the native broker would refuse a user of this name, None if it would not."""
    if not 1 <= len(name.encode()) <= NAME_BYTES_MAX:
        return f"a name has 1 to {NAME_BYTES_MAX} bytes"
    if any(unicodedata.category(letter) == "Cc" for letter in name):
        return "a name has no control characters"
    if name in RESERVED_NAMES or name.startswith(RESERVED_PREFIXES):
        return f"the name {name!r} is one that API keys, members or the service itself may have"
    return None
