from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from billing.catalog.seeds import FIRST
from billing.rating.rate import RatedLine
from billing.reports import html, wording
from billing.reports.document import document
from control_plane.clusters.plans import CATALOGUE
from tests.billing.reports.samples import BUSY, DAY, ORDERS, full, report, so_far


def test_the_state_names_the_moment_that_figures_are_true_for() -> None:
    assert wording.state(full()).startswith("Final")
    assert wording.state(so_far()) == "So far: usage is counted up to 2026-11-22 14:20:00 UTC."
    early = datetime(DAY.year, DAY.month, DAY.day, 1, tzinfo=UTC)
    assert wording.state(report(now=early)) == "So far: no usage of the day is metered yet."


def test_caps_are_said_of_all_clusters_and_of_one() -> None:
    assert wording.cap_state(full()) == (
        "1 of 2 clusters reached the daily cap: 0.546000 USD are not charged."
    )
    assert wording.cap_state(report(BUSY)).startswith("The cluster reached the daily cap")
    assert wording.cap_state(report(ORDERS)) == "No cluster reached its daily cap."
    assert wording.cap_state(report()) == "No cluster was used."
    orders, telemetry = full().clusters
    assert wording.cluster_cap(orders, "USD") == "12 % of the daily cap of 1.000000 USD."
    assert "reached: 0.546000 USD are not charged" in wording.cluster_cap(telemetry, "USD")


def test_a_cap_has_neither_quantity_nor_price() -> None:
    cap: RatedLine = full().clusters[1].lines[-1]
    assert (wording.quantity(cap), wording.unit(cap), wording.price(cap)) == ("", "", "")


@pytest.mark.parametrize(
    ("day", "text"),
    [
        (date(2026, 11, 22), "Sunday, 22 November 2026"),
        (date(2028, 2, 29), "Tuesday, 29 February 2028"),
    ],
)
def test_days_are_written_out(day: date, text: str) -> None:
    assert wording.long_date(day) == text


def test_every_line_type_has_a_description() -> None:
    charged = {line.line_type for cluster in full().clusters for line in cluster.lines}
    assert charged == set(wording.DESCRIPTIONS)
    assert FIRST.plans


def test_a_report_says_of_clusters_that_are_looked_at_how_they_are_counted() -> None:
    of_kafka = {one.id for one in CATALOGUE.values() if one.engine == "apache-kafka"}
    assert of_kafka == wording.COUNTED_BY_LOOKING
    (cluster,) = so_far().clusters
    looked_at = replace(so_far(), clusters=(replace(cluster, plan="ha"),))
    assert wording.provenance(looked_at).endswith(wording.LOOKING)
    assert wording.LOOKING not in wording.provenance(so_far())
    assert wording.LOOKING in html.render(looked_at)
    assert wording.LOOKING in str(document(looked_at)["provenance"])


def test_whom_a_report_is_about() -> None:
    assert wording.subject(full()) == "Mill Street Logistics"
    assert wording.subject(so_far()) == "orders of Mill Street Logistics"
    assert wording.subject(report(cluster_id="lkc_none")) == "lkc_none of Mill Street Logistics"
