"""An organization that has spent: a month of usage, published as a collector would."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from billing.catalog.prices import GIB
from tests.fixtures.billing import Message, message
from tests.fixtures.published_usage import publish_usage
from tests.fixtures.waiting import eventually
from tools.running_service import RunningService

HOUR_SECONDS = 3600
NOON = 12
DAYS_BEFORE_MIN = 3


def spend(service: RunningService, name: str) -> str:
    """Make an organization with a living, a capped and a deleted cluster; return its key."""
    with service.http(service.ready.operator_api_key) as operator:
        made = operator.post("/v1/installation/organizations", json={"name": name}).json()
    with service.http(made["api_key"]) as http:
        cluster = http.post("/v1/clusters", json={"name": "orders", "plan": "dev"}).json()
        clusters = [
            (cluster["id"], "orders", 1),
            ("lkc_telemetry0000001", "telemetry", 40),
            ("lkc_importer00000001", "old-importer", 3),
        ]
        hours = _hours(datetime.now(UTC))
        publish_usage(
            service,
            *(
                _used(made["id"], cluster_id, cluster_name, at, number, scale)
                for cluster_id, cluster_name, scale in clusters
                for number, at in enumerate(hours, start=1)
            ),
        )

        days = {hour.date() for hour in hours}
        span = {
            "start_date": min(days).isoformat(),
            "end_date": (max(days) + timedelta(days=1)).isoformat(),
            "page_size": "5000",
        }

        def clusters_charged() -> set[tuple[str, str]]:
            lines = http.get("/v1/billing/costs", params=span).json()["data"]
            return {
                (line["start_date"], line["resource"]["id"])
                for line in lines
                if Decimal(line["amount"]) > 0
            }

        expected = {(day.isoformat(), cluster_id) for day in days for cluster_id, _, _ in clusters}
        eventually(lambda: expected <= clusters_charged())
    return made["api_key"]


def _hours(now: datetime) -> list[datetime]:
    """Noon of every past day of the month, and every hour of today that has begun.

    Days before go on into the month before, and in the afternoon tomorrow's first hour is there
    too: there is something to see of each day that a page may show, whenever midnight comes.
    """
    today = now.replace(hour=0, minute=0, second=0, microsecond=0)
    days_before = max(today.day - 1, DAYS_BEFORE_MIN)
    noons = [today - timedelta(days=day, hours=-NOON) for day in range(days_before, 0, -1)]
    begun = [today + timedelta(hours=hour) for hour in range(now.hour + 1)]
    tomorrow = [today + timedelta(days=1)] if now.hour >= NOON else []
    return noons + begun + tomorrow


def _used(
    organization_id: str, cluster_id: str, name: str, at: datetime, number: int, scale: int
) -> Message:
    """An hour of which more is used the later it is, of the day and of the month."""
    return message(
        organization_id,
        at,
        cluster_id=cluster_id,
        cluster_name=name,
        number=number,
        seconds=HOUR_SECONDS,
        bytes_in=scale * (1 + at.hour % 7) * GIB // 128,
        bytes_out=scale * (2 + at.day % 5) * GIB // 64,
        stored_bytes=scale * at.day * GIB // 8,
        partitions=120,
    )
