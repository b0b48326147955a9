"""`make pictures`: takes the pictures of the readme into docs/pictures.

The console and the terminal show what a service that was just started really did. The report is
that of a sample day, which is put into the service as its collector would.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime, time
from decimal import Decimal
from pathlib import Path
from time import monotonic, sleep

import httpx2

from tools.paths import ROOT, VENV
from tools.pictures.browser import photographer
from tools.pictures.sample_day import CLUSTERS, HOURS, publish_sample_day
from tools.pictures.terminal import draw, run_in_terminal
from tools.running_service import RunningService, start_service
from tools.utc_days import two_days, within_one_utc_day

PICTURES = ROOT / "docs" / "pictures"
BYTES_MAX = 200 * 1024
WAIT_SECONDS_MAX = 30
QUICK_USAGE = {"HEADRACE_USAGE_WINDOW_SECONDS": "1", "HEADRACE_USAGE_COLLECT_SECONDS": "1"}
CITIES = ("Zürich", "Gdańsk", "Porto", "Tromsø", "Lyon")
PARCELS = 40
LOAD = """seq 1 40000 | sed 's/.*/{"parcel": &, "city": "Zürich"}/' | """
BEFORE_USAGE = (
    "headrace cluster create orders --plan dev --wait --quiet",
    "headrace topic create parcels --cluster orders --partitions 3 --quiet",
    LOAD + "headrace produce parcels --cluster orders",
    "headrace consume parcels --cluster orders --from earliest --max 3",
)
AFTER_USAGE = (
    "headrace usage orders",
    "headrace cost",
    "headrace cost preview --in 1 --out 2 --stored 10 --partitions 30",
)


class PictureError(Exception):
    """A picture could not be taken as it is meant to be."""


def main() -> int:
    """Take all three; raises PictureError when one is too large or its subject does not show."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    within_one_utc_day(take_all)
    for picture in sorted(PICTURES.iterdir()):
        size = picture.stat().st_size
        print(f"{picture.relative_to(ROOT)}: {size:,} bytes")
        if size > BYTES_MAX:
            raise PictureError(f"{picture.name} has {size} bytes, more than {BYTES_MAX}")
    return 0


def take_all() -> None:
    """Take pictures of a service: what it did today, and a sample day, yesterday."""
    with tempfile.TemporaryDirectory() as place:
        directory = Path(place)
        with start_service(directory, variables=QUICK_USAGE) as service, service.http() as http:
            take_terminal(directory, http)
            cluster_id = produce_parcels(http)
            yesterday = datetime.combine(two_days()[0], time.min, UTC)
            publish_sample_day(service, yesterday)
            day = yesterday.date().isoformat()
            wait_until(lambda: hours_charged(http, day) == HOURS)
            take_pages(service, cluster_id, day)


def take_terminal(directory: Path, http: httpx2.Client) -> None:
    """Run the commands one after the other, the later ones when there is usage to show."""
    environment = {name: value for name, value in os.environ.items() if name != "COLUMNS"} | {
        "HEADRACE_CONFIG_DIR": str(directory / "config"),
        "PATH": f"{VENV / 'bin'}{os.pathsep}{os.environ['PATH']}",
        "TERM": "xterm-256color",
    }
    runs = [(command, run_in_terminal(command, environment)) for command in BEFORE_USAGE]
    wait_until(lambda: len(http.get("/v1/billing/costs").json()["data"]) >= len(BEFORE_USAGE))
    runs += [(command, run_in_terminal(command, environment)) for command in AFTER_USAGE]
    (PICTURES / "terminal.svg").write_text(draw(runs, "headrace"), encoding="utf-8")


def produce_parcels(http: httpx2.Client) -> str:
    """Write records to look at into a topic of their own; return the cluster's id."""
    (cluster,) = http.get("/v1/clusters").json()["items"]
    http.post(
        f"/v1/clusters/{cluster['id']}/topics", json={"name": "shipments", "partitions": 1}
    ).raise_for_status()
    path = f"/kafka/v3/clusters/{cluster['id']}/topics/shipments/records"
    for number in range(PARCELS):
        value = {
            "parcel": 1000 + number,
            "city": CITIES[number % len(CITIES)],
            "weight_g": 250 + 137 * number,
            "fragile": number % 7 == 0,
        }
        record = {
            "key": {"type": "STRING", "data": f"parcel-{1000 + number}"},
            "value": {"type": "JSON", "data": value},
            "headers": [{"name": "source", "value": "c2NhbmdhdGUtNA=="}],
        }
        http.post(path, json=record).raise_for_status()
    return cluster["id"]


def take_pages(service: RunningService, cluster_id: str, day: str) -> None:
    """The console and the report, as a browser shows them."""
    with photographer(service.ready.api_url, service.ready.api_key) as camera:
        camera.messages(cluster_id, "shipments", PICTURES / "console.png")
        camera.report(day, PICTURES / "cost-report.png")


def hours_charged(http: httpx2.Client, day: str) -> int:
    """How many hours of the day cost something, once every sample cluster does."""
    spend = http.get("/v1/billing/spend", params={"date": day}).json()
    if len(spend["clusters"]) < len(CLUSTERS):
        return 0
    return sum(Decimal(hour["amount"]) > 0 for hour in spend["hours"])


def wait_until(is_there: Callable[[], bool]) -> None:
    """Look again until it is there. Raises PictureError when it takes too long."""
    deadline = monotonic() + WAIT_SECONDS_MAX
    while not is_there():
        if monotonic() > deadline:
            raise PictureError(f"what the picture is to show is not there in {WAIT_SECONDS_MAX} s")
        sleep(0.1)


if __name__ == "__main__":
    sys.exit(main())
