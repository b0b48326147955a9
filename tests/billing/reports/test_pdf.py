"""The document as readers of PDF find it, made by the real typesetter."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from typing import Any

import pytest
from pypdf import PdfReader

from billing.reports import pdf
from billing.reports.document import document
from billing.reports.errors import ReportBusyError, ReportTimeoutError
from billing.reports.pdf import PdfRenderer, TypesettingError
from billing.reports.report import DailyReport
from tests.billing.reports.samples import HOSTILE, cluster_day, full, many, report, so_far, steady


@pytest.fixture(scope="module")
def renderer() -> PdfRenderer:
    return PdfRenderer()


def read(document: bytes) -> PdfReader:
    return PdfReader(io.BytesIO(document))


def text(document: bytes) -> str:
    """All text, with any run of blanks as one."""
    return " ".join(" ".join(page.extract_text() for page in read(document).pages).split())


def test_it_says_what_a_bill_must_say(renderer: PdfRenderer) -> None:
    found = text(renderer.render(full()))
    for wanted in (
        "Daily cost report",
        "Mill Street Logistics",
        "Sunday, 22 November 2026 (UTC)",
        "Final: the day is over and its usage is metered.",
        "1.121000 USD",
        "1 of 2 clusters reached the daily cap: 0.546000 USD are not charged.",
        "Data in 1.499999993 GB 0.020000 0.030000",
        "Data stored 10 GB-day 0.001000 0.010000",
        "Daily cap -0.546000",
        "Total 0.121000",
        "12 % of the daily cap of 1.000000 USD.",
        "Price book version 1.",
        "org_4q8x0n1w2e3r5t6y",
    ):
        assert wanted in found, (wanted, found)


def test_the_same_report_is_the_same_bytes(renderer: PdfRenderer) -> None:
    assert renderer.render(full()) == renderer.render(full())
    assert renderer.render(full()) != renderer.render(so_far())


def test_it_is_kept_for_years_and_read_aloud(renderer: PdfRenderer) -> None:
    document = read(renderer.render(full()))
    catalog: Any = document.trailer["/Root"]
    metadata = catalog["/Metadata"].get_data().decode()
    assert "pdfaid:part>2" in metadata
    assert "pdfuaid:part>1" in metadata
    assert catalog["/Lang"] == "en"
    assert document.metadata is not None
    assert document.metadata.title == "Daily cost report, Mill Street Logistics, 2026-11-22"


def test_fonts_are_embedded(renderer: PdfRenderer) -> None:
    descriptors: list[Any] = []
    for page in read(renderer.render(full())).pages:
        resources: Any = page["/Resources"]
        for font in resources["/Font"].values():
            descriptors += [one["/FontDescriptor"] for one in font["/DescendantFonts"]]
    assert {str(one["/FontName"]).split("+")[1].partition("-")[0] for one in descriptors} == {
        "LibertinusSerif"
    }
    assert all({"/FontFile2", "/FontFile3"} & set(one) for one in descriptors)


def test_names_are_text_and_never_markup(renderer: PdfRenderer) -> None:
    day = cluster_day(HOSTILE, 1, written=steady(1), read=steady(1))
    found = text(renderer.render(report(day, organization='#panic("x") $x$ *y* @z')))
    assert HOSTILE in found
    assert '#panic("x") $x$ *y* @z' in found


def test_letters_that_no_font_has_do_not_keep_a_bill_back(renderer: PdfRenderer) -> None:
    found = text(renderer.render(report(organization="水车 Логистика \U0010fffd")))
    assert "Логистика" in found
    assert "org_4q8x0n1w2e3r5t6y" in found


def test_a_day_without_usage_is_a_page(renderer: PdfRenderer) -> None:
    document = renderer.render(report())
    assert len(read(document).pages) == 1
    assert "0.000000 USD" in text(document)


def test_many_clusters_go_over_many_pages(renderer: PdfRenderer) -> None:
    document = renderer.render(many(200))
    assert len(read(document).pages) > 20
    assert "cluster-199" in text(document)


def test_typesetting_ends_in_time_and_makes_room_for_the_next() -> None:
    renderer = PdfRenderer(typesetters_max=1, wait_seconds=0, typeset_seconds=0.001)
    for _ in range(2):
        with pytest.raises(ReportTimeoutError):
            renderer.render(full())


def test_more_than_may_be_typeset_at_once_are_told_to_come_again() -> None:
    with pytest.raises(ReportBusyError) as refused:
        PdfRenderer(typesetters_max=0, wait_seconds=0).render(full())
    assert refused.value.headers == {"Retry-After": "5"}


def test_a_typesetter_that_fails_is_a_defect_and_not_an_answer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def incomplete(report: DailyReport) -> dict[str, str]:
        return {"date": report.day.isoformat()}

    monkeypatch.setattr(pdf, "document", incomplete)
    with pytest.raises(TypesettingError, match="dictionary does not contain key"):
        PdfRenderer().render(full())


def test_no_setting_of_the_service_reaches_the_typesetter(monkeypatch: pytest.MonkeyPatch) -> None:
    program = "import os, sys; sys.stdout.write(' '.join(os.environ))"
    monkeypatch.setattr(pdf, "COMMAND", [sys.executable, "-c", program])
    monkeypatch.setenv("HEADRACE_DATABASE_URL", "postgresql://secret")
    names = PdfRenderer().render(full()).decode().split()
    assert "PYTHONPATH" in names
    assert not [name for name in names if name.startswith("HEADRACE")]


def test_a_typesetter_bounds_itself() -> None:
    program = (
        "import resource; from billing.reports.typesetter import main; main();"
        " limits = [resource.getrlimit(one) for one in (resource.RLIMIT_CPU, resource.RLIMIT_AS)];"
        " import sys; sys.stderr.write(str(limits))"
    )
    given = json.dumps(document(full())).encode()
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, input=given, capture_output=True, check=True)
    assert done.stderr.decode() == str([(20, 20), (2**30, 2**30)])
