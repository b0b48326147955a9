"""How long a client would like to wait for a change to be done (RFC 7240). Pure but for headers."""

import re
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Header

from control_plane.operations.service import WAIT_SECONDS_MAX

WAIT_SECONDS_DEFAULT = 10

_WAIT = re.compile(r"wait\s*=\s*\"?(\d{1,6})\"?", re.IGNORECASE)
_ASYNC = "respond-async"


@dataclass(frozen=True, slots=True)
class Preference:
    """Seconds to wait at most, and what the client is told of its wish."""

    wait_seconds: int
    applied: str | None

    @property
    def headers(self) -> dict[str, str]:
        """The header that confirms what was applied."""
        return {} if self.applied is None else {"Preference-Applied": self.applied}


def preference(
    prefer: Annotated[
        str | None,
        Header(
            description=f"`wait=N` waits at most N seconds (up to {WAIT_SECONDS_MAX}) for the "
            f"change to be done, `respond-async` not at all; {WAIT_SECONDS_DEFAULT} seconds unless "
            "said.",
            max_length=1000,
        ),
    ] = None,
) -> Preference:
    """Read the Prefer header; what it says that is not known here is left alone, as it may be."""
    wishes = [one.strip() for one in (prefer or "").split(",")]
    for wish in wishes:
        found = _WAIT.fullmatch(wish)
        if found is not None:
            seconds = min(int(found[1]), WAIT_SECONDS_MAX)
            return Preference(seconds, f"wait={seconds}")
    if _ASYNC in (wish.lower() for wish in wishes):
        return Preference(0, _ASYNC)
    return Preference(WAIT_SECONDS_DEFAULT, None)


Prefer = Annotated[Preference, Depends(preference)]
