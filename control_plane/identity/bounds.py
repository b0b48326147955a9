"""Bounds of an API key: which topics it may read and write at most. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from control_plane.identity.policy import Action

EVERY_TOPIC = "*"
BOUNDS_MAX = 50
BOUND_LENGTH_MAX = 249  # as long as names of topics

# What a key with bounds may do beside records: learn who it is and where its cluster is. All else
# would reach, or show, topics outside of them.
_ALWAYS = frozenset({Action.WHOAMI_READ, Action.CLUSTERS_READ})


@dataclass(frozen=True, slots=True)
class KeyBounds:
    """Beginnings of topic names, or `EVERY_TOPIC`. What is not said may not be done."""

    read: tuple[str, ...]
    write: tuple[str, ...]

    def permit(self, action: Action) -> bool:
        """Whether a route's action lies inside, whatever the topic: that the broker checks."""
        if action is Action.RECORDS_CONSUME:
            return bool(self.read)
        if action is Action.RECORDS_PRODUCE:
            return bool(self.write)
        return action in _ALWAYS

    def to_json(self) -> dict[str, list[str]]:
        return {"read": list(self.read), "write": list(self.write)}


def from_json(value: Mapping[str, Sequence[str]] | None) -> KeyBounds | None:
    """Return what `to_json` made, None for a key without bounds."""
    if value is None:
        return None
    return KeyBounds(read=tuple(value["read"]), write=tuple(value["write"]))
