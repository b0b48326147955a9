"""Events: what happened to something of an organization, told where it is written down.

Whoever wants to hear of events is handed in as an `EventSink` when a process is composed, and
writes down what it makes of one in the same transaction: a crash loses neither or both.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from sqlalchemy.orm import Session


@dataclass(frozen=True)
class Event:
    """Something that happened; `type` reads `noun.past_tense`, `data` is kept as JSON."""

    type: str
    organization_id: str
    data: Mapping[str, Any]


class EventSink(Protocol):
    """Hears of events."""

    def tell(self, session: Session, event: Event) -> None:
        """Write down, in the caller's transaction, what follows from the event."""
        ...


class Unheard:
    """A sink for processes and tests in which nobody listens."""

    def tell(self, session: Session, event: Event) -> None:
        """Do nothing."""
