"""A cluster that is metered, in a control plane whose jobs run when a test says so."""

from collections.abc import Sequence
from dataclasses import dataclass

import pytest
from sqlalchemy import select

from control_plane.clusters.models import Cluster
from control_plane.kit.jobs import RECURRING_KEY, enqueue
from control_plane.kit.outbox import MESSAGES_MAX, OutboxMessage, take
from control_plane.usage.messages import WINDOW_CLOSED
from control_plane.usage.models import UsageRange, UsageRollup, UsageTraffic, UsageWindow
from control_plane.usage.tasks import COLLECT_JOB
from tests.fixtures.memory_meter import WINDOW_SECONDS, MemoryMeter
from tests.fixtures.planes import Plane


@dataclass(frozen=True)
class Totals:
    """What the database holds of a cluster, each summed from rows of another table."""

    windows: int
    ranges: int
    traffic: int
    hours: int
    days: int
    messages: int

    @classmethod
    def all(cls, quantity: int) -> "Totals":
        return cls(quantity, quantity, quantity, quantity, quantity, quantity)


@dataclass
class Metered:
    """What tests do with it."""

    plane: Plane
    cluster: Cluster

    @property
    def meter(self) -> MemoryMeter:
        return self.plane.engine.meter(self.cluster.id)

    def use(self, *sizes: int, topic: str = "orders") -> None:
        """Write some bytes in a window each."""
        for size in sizes:
            self.meter.append(topic, size=size)
            self.meter.close()

    def collect(self) -> None:
        """Run the collector's jobs, and whatever else is due, when the next window has ended."""
        self.plane.clock.advance(WINDOW_SECONDS)
        self.ask()

    def ask(self) -> None:
        """Run what is due, the collector first."""
        with self.plane.core.database.transaction() as session:
            enqueue(session, COLLECT_JOB, RECURRING_KEY, now=self.plane.clock.now())
        self.plane.run_jobs()

    def messages(self) -> Sequence[OutboxMessage]:
        with self.plane.core.database.snapshot() as session:
            return take(session, WINDOW_CLOSED, self.cluster.id, MESSAGES_MAX)

    def bytes_in(self) -> Totals:
        """The bytes written, by every table that knows them."""
        with self.plane.core.database.snapshot() as session:
            rollups = session.scalars(select(UsageRollup)).all()
            sums = {
                kind: sum(one.bytes_in for one in rollups if one.granularity == kind)
                for kind in ("hour", "day")
            }
            return Totals(
                windows=sum(session.scalars(select(UsageWindow.bytes_in))),
                ranges=sum(session.scalars(select(UsageRange.bytes))),
                traffic=sum(session.scalars(select(UsageTraffic.bytes_in))),
                hours=sums["hour"],
                days=sums["day"],
                messages=sum(
                    one.body["bytes_in"]
                    for one in take(session, WINDOW_CLOSED, self.cluster.id, MESSAGES_MAX)
                ),
            )


def metered_on(plane: Plane) -> Metered:
    # What consumes the messages is not part of the control plane: here they stay.
    return Metered(plane, plane.running(plane.organization()))


@pytest.fixture
def metered(plane: Plane) -> Metered:
    """A metered cluster, once per database engine."""
    return metered_on(plane)


@pytest.fixture
def sqlite_metered(sqlite_plane: Plane) -> Metered:
    """A metered cluster on SQLite, for what does not depend on the database."""
    return metered_on(sqlite_plane)
