"""Where a fork of a cluster ends, and what came of it. Standard library only."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class PartitionCut:
    """A partition, and the first of its offsets that a fork does not have."""

    topic: str
    partition: int
    offset: int


@dataclass(frozen=True, slots=True)
class ForkCut:
    """What a fork takes: everything, or what lies before a moment or before some offsets.

    Never both a moment and offsets. A batch of records is not split: the one that a cut lies in
    is left out.
    """

    at: datetime | None = None
    offsets: Sequence[PartitionCut] = ()


def cut_to_json(cut: ForkCut) -> dict[str, Any]:
    """Return what `cut_from_json` reads."""
    return {
        "at_ms": None if cut.at is None else round(cut.at.timestamp() * 1000),
        "offsets": [
            {"topic": one.topic, "partition": one.partition, "offset": one.offset}
            for one in cut.offsets
        ],
    }


def cut_from_json(value: Mapping[str, Any]) -> ForkCut:
    """Read a cut that `cut_to_json` has written."""
    at_ms = value["at_ms"]
    return ForkCut(
        at=None if at_ms is None else datetime.fromtimestamp(at_ms / 1000, UTC),
        offsets=tuple(PartitionCut(**one) for one in value["offsets"]),
    )
