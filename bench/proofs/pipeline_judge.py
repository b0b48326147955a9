"""Whether what came out of the pipeline is what went in, once each and in order. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

Values = Mapping[int, Sequence[bytes]]
"""The values of each partition in the order of their offsets."""


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """Counts over all partitions; `disordered` ones have the right values in a wrong order."""

    records: int
    missing: int
    repeated: int
    strange: int
    disordered: int

    @property
    def exact(self) -> bool:
        return self.missing == self.repeated == self.strange == self.disordered == 0


def judge(went_in: Values, came_out: Values, transform: Callable[[bytes], bytes]) -> Judgement:
    """Compare the transformed input with the output, partition by partition."""
    missing = repeated = strange = disordered = 0
    for partition in went_in.keys() | came_out.keys():
        wanted = [transform(value) for value in went_in.get(partition, ())]
        found = list(came_out.get(partition, ()))
        counts, expected = Counter(found), Counter(wanted)
        missing += sum((expected - counts).values())
        surplus = counts - expected
        repeated += sum(count for value, count in surplus.items() if value in expected)
        strange += sum(count for value, count in surplus.items() if value not in expected)
        disordered += counts == expected and found != wanted
    return Judgement(
        records=sum(map(len, went_in.values())),
        missing=missing,
        repeated=repeated,
        strange=strange,
        disordered=disordered,
    )
