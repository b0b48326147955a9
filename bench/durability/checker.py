"""What was acknowledged against what is read: lost, duplicated, out of order, never sent."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from itertools import pairwise

from bench import kafka_wire as wire
from bench.durability.writers import Writer


@dataclass(kw_only=True)
class Counts:
    """Records. Everything but `acknowledged` and `read` must be 0."""

    acknowledged: int = 0
    read: int = 0
    lost: int = 0
    """Acknowledged, and not at its offset with its value."""
    duplicated: int = 0
    disordered: int = 0
    """Of one producer, and not in the order of its sequence."""
    phantoms: int = 0
    """Never sent by anybody."""
    gaps: int = 0
    """Offsets that do not follow the one before."""
    unsound: int = 0
    """Records of batches with a wrong CRC."""

    @property
    def faults(self) -> int:
        bad = (self.lost, self.duplicated, self.disordered, self.phantoms, self.gaps, self.unsound)
        return sum(bad)

    def add(self, other: Counts) -> None:
        for each in fields(self):
            setattr(self, each.name, getattr(self, each.name) + getattr(other, each.name))

    def as_json(self) -> dict[str, int]:
        return asdict(self)


def check(writers: Sequence[Writer], partition: int, read: Sequence[wire.Record]) -> Counts:
    """Judge one partition by what its writers know."""
    counts = Counts(read=len(read))
    by_offset = {record.offset: record.value for record in read}
    seen = Counter(record.value for record in read)
    counts.duplicated = sum(count - 1 for count in seen.values())
    counts.unsound = sum(not record.sound for record in read)
    counts.gaps = sum(later.offset != earlier.offset + 1 for earlier, later in pairwise(read))
    sent: set[bytes] = set()
    for writer in writers:
        if writer.partition != partition:
            continue
        counts.acknowledged += len(writer.acknowledged)
        for offset, value in writer.acknowledged:
            counts.lost += by_offset.get(offset) != value
        order = [value for _, value in writer.acknowledged] + writer.pending
        sent.update(order)
        place = {value: number for number, value in enumerate(order)}
        places = [place[record.value] for record in read if record.value in place]
        counts.disordered += sum(later < earlier for earlier, later in pairwise(places))
    counts.phantoms = sum(record.value not in sent for record in read)
    return counts
