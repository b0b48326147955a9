"""Which of several media types a client would rather have (RFC 9110, section 12.5.1). Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence

_QUALITY = re.compile(r"q=(0(?:\.\d{0,3})?|1(?:\.0{0,3})?)", re.IGNORECASE)
_FULL_QUALITY = 1000
_ANY = "*/*"


def preferred(accept: str | None, offered: Sequence[str]) -> str:
    """The offered type that `accept` ranks highest, the first of equals.

    It is also the first where nothing offered is accepted, or nothing was said: an answer that a
    client can look at serves it better than none.
    """
    ranges = [_parse(one) for one in (accept or _ANY).split(",")]
    return max(offered, key=lambda media_type: _quality(ranges, media_type))


def _parse(one: str) -> tuple[str, int]:
    media_range, *parameters = (part.strip() for part in one.split(";"))
    for parameter in parameters:
        found = _QUALITY.fullmatch(parameter)
        if found is not None:
            whole, _, fraction = found[1].partition(".")
            return media_range.lower(), int(whole) * _FULL_QUALITY + int(fraction.ljust(3, "0"))
    return media_range.lower(), _FULL_QUALITY


def _quality(ranges: Sequence[tuple[str, int]], media_type: str) -> int:
    """What the most specific range that fits says, in thousandths; 0 if none fits."""
    accepted = dict(ranges)
    kind = media_type.partition("/")[0]
    for media_range in (media_type, f"{kind}/*", _ANY):
        if media_range in accepted:
            return accepted[media_range]
    return 0
