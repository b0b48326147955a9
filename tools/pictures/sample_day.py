"""A day of usage to draw a report of: no service that was just started has one of its own."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta

from control_plane.kit.db import Database
from control_plane.kit.outbox import publish
from control_plane.kit.settings import Settings
from tools.running_service import RunningService

SUBJECT = "usage.window_closed"
HOURS = 24
HOUR_MS = 3_600_000
GIB = 2**30
BUSIEST_HOUR = 15
CLUSTERS = (("lkc_sampleorders0001", "orders", 8), ("lkc_sampletelemetry1", "telemetry", 30))


def publish_sample_day(service: RunningService, midnight: datetime) -> None:
    """Put a day of two clusters, quiet at night, into the outbox as a collector would."""
    database = Database(Settings(data_dir=service.data_dir).resolved_database_url)
    with database.transaction() as session:
        for cluster_id, name, thousandths in CLUSTERS:
            for hour in range(HOURS):
                started_at = midnight + timedelta(hours=hour)
                wave = 2 + math.cos((hour - BUSIEST_HOUR) * math.tau / HOURS)
                written = int(wave * thousandths * GIB / 100)
                body = {
                    "source": f"{cluster_id}/1/sample/{hour + 1}",
                    "organization_id": service.ready.organization_id,
                    "cluster_id": cluster_id,
                    "cluster_name": name,
                    "plan": "dev",
                    "started_at": _instant(started_at),
                    "ended_at": _instant(started_at + timedelta(hours=1)),
                    "running_ms": HOUR_MS,
                    "bytes_in": written,
                    "bytes_out": written * 5 // 3,
                    "stored_bytes": thousandths * (HOURS + hour) * GIB // HOURS,
                    "partitions": 60,
                    "connections": 12,
                }
                publish(session, subject=SUBJECT, key=cluster_id, body=body, now=datetime.now(UTC))
    database.dispose()


def _instant(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")
