from datetime import datetime

import pytest
from sqlalchemy import insert

from control_plane.kit.scope import Scope
from control_plane.usage.errors import UsageTooLargeError
from control_plane.usage.models import UsageRollupTraffic
from control_plane.usage.plan import Granularity
from control_plane.usage.service import ROWS_MAX, Group, UsageReport
from tests.control_plane.usage.conftest import Metered

START = datetime.fromisoformat("2026-11-22T00:00:00Z")


def report(metered: Metered, group: Group | None, scope: Scope | None = None) -> UsageReport:
    service = metered.plane.services.usage
    period = service.period(START, None, Granularity.DAY)
    own = Scope(metered.cluster.organization_id)
    with metered.plane.core.database.snapshot() as session:
        return service.report(session, scope or own, metered.cluster.id, period, group)


def add_principals(metered: Metered, count: int) -> None:
    """Write down so many principals with a byte each."""
    rows = [
        {
            "organization_id": metered.cluster.organization_id,
            "cluster_id": metered.cluster.id,
            "granularity": Granularity.DAY.value,
            "started_at": START,
            "topic_id": "topic",
            "principal": f"User:{number}",
            "topic": "orders",
            "bytes_in": 1,
            "records_in": 1,
            "produce_requests": 1,
            "bytes_out": 0,
            "read_requests": 0,
        }
        for number in range(count)
    ]
    with metered.plane.core.database.transaction() as session:
        session.execute(insert(UsageRollupTraffic), rows)


class TestReport:
    def test_parts_sum_to_the_whole(self, metered: Metered) -> None:
        metered.meter.append("flights", size=7, principal="User:hk_2")
        metered.meter.read("orders", size=11)
        metered.use(100, 20)
        metered.collect()
        whole = report(metered, None)
        for group in Group:
            split = report(metered, group)
            assert split.total == whole.total
            assert sum(one.traffic.bytes_in for one in split.items) == whole.total.bytes_in == 127
            assert sum(one.traffic.bytes_out for one in split.items) == whole.total.bytes_out == 11
            assert all(type(one.traffic.bytes_in) is int for one in split.items)

    def test_is_bounded(self, sqlite_metered: Metered) -> None:
        add_principals(sqlite_metered, ROWS_MAX)
        assert len(report(sqlite_metered, Group.PRINCIPAL).items) == ROWS_MAX
        assert len(report(sqlite_metered, Group.TOPIC).items) == 1

    def test_refuses_more_rows_than_fit(self, sqlite_metered: Metered) -> None:
        add_principals(sqlite_metered, ROWS_MAX + 1)
        with pytest.raises(UsageTooLargeError):
            report(sqlite_metered, Group.PRINCIPAL)

    def test_holds_nothing_of_others(self, metered: Metered) -> None:
        metered.use(100)
        metered.collect()
        stranger = Scope(metered.plane.organization("stranger"))
        seen = report(metered, None, stranger)
        assert (seen.items, seen.collected_until) == ([], None)
        assert report(metered, Group.TOPIC, stranger).items == []
