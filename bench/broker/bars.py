"""What the figures are held against."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Bar:
    """One promise: a figure and the least or the most that it may be."""

    what: str
    figure: float
    at_least: float | None = None
    at_most: float | None = None

    @property
    def kept(self) -> bool:
        low = self.at_least is None or self.figure >= self.at_least
        return low and (self.at_most is None or self.figure <= self.at_most)

    def as_json(self) -> dict[str, Any]:
        limits = {"at_least": self.at_least, "at_most": self.at_most}
        kept = {name: value for name, value in limits.items() if value is not None}
        return {"what": self.what, "figure": self.figure, **kept, "kept": self.kept}


def at_least(what: str, figure: float, bar: float) -> Bar:
    return Bar(what=what, figure=round(figure, 3), at_least=bar)


def at_most(what: str, figure: float, bar: float) -> Bar:
    return Bar(what=what, figure=round(figure, 3), at_most=bar)
