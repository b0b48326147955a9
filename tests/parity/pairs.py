"""Both sides of a conversation, and what would be found if they differed."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, cast

from tests.parity.conversations import differences
from tests.parity.sides import Side

VERSION: Final = re.compile(r" v\d+$")


@dataclass(frozen=True, kw_only=True)
class Pair:
    """What both sides answered to one script."""

    ours: Side
    theirs: Side

    def different(self) -> set[str]:
        """Questions, with their version, that were not answered alike."""
        ours, theirs = self.ours.answers, self.theirs.answers
        return {
            label for label in ours.keys() | theirs.keys() if ours.get(label) != theirs.get(label)
        }


def mutations(value: object) -> Iterator[object]:
    """The value with one of its numbers, texts or rows changed, one change after the other."""
    if isinstance(value, dict):
        fields = cast("dict[str, object]", value)
        for name, item in fields.items():
            for other in mutations(item):
                yield fields | {name: other}
    elif isinstance(value, list):
        rows = cast("list[object]", value)
        for index, row in enumerate(rows):
            yield rows[:index] + rows[index + 1 :]
            for other in mutations(row):
                yield [*rows[:index], other, *rows[index + 1 :]]
    elif isinstance(value, bool):
        yield not value
    elif isinstance(value, int):
        yield value + 1
    elif isinstance(value, str):
        yield f"{value}'"


@dataclass(frozen=True, kw_only=True)
class Explanation:
    """Why answers differ: which questions, by the whole label, in what way, and for what reason."""

    label: str
    """A regular expression."""
    difference: str
    """A regular expression that a line of `differences` begins with."""
    reason: str

    def fits(self, label: str, difference: str) -> bool:
        return bool(re.fullmatch(self.label, label) and re.match(self.difference, difference))


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What differs without a reason, and reasons that nothing needs."""

    unexplained: Mapping[str, Sequence[str]]
    unneeded: Sequence[str]


def judge(pair: Pair, explanations: Sequence[Explanation]) -> Verdict:
    """Every difference has to be explained, and every explanation be needed."""
    needed: set[str] = set()
    unexplained: dict[str, list[str]] = {}
    for labelled in sorted(pair.different()):
        label = VERSION.sub("", labelled)
        for line in differences(pair.ours.answers.get(labelled), pair.theirs.answers.get(labelled)):
            fitting = [one.reason for one in explanations if one.fits(label, line)]
            needed.update(fitting)
            if not fitting:
                unexplained.setdefault(labelled, []).append(line)
    unneeded = [one.reason for one in explanations if one.reason not in needed]
    return Verdict(unexplained=unexplained, unneeded=unneeded)
