"""What a sweep found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


class UnableError(Exception):
    """Something that a sweep needs is not there; says what, in one line."""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """Figures of a sweep and of its negative control. Without a red control it proves nothing."""

    figures: dict[str, Any]
    control: dict[str, Any]
    passed: bool
    control_red: bool

    @property
    def green(self) -> bool:
        return self.passed and self.control_red
