"""The picture shows the amounts to scale, in integers, and says what it shows."""

from __future__ import annotations

from decimal import Decimal
from xml.etree.ElementTree import Element, fromstring

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.periods import HOURS_PER_DAY
from billing.reports.chart import BOTTOM, HEIGHT, TOP, HourlyChart, describe, draw
from billing.reports.markup import to_xml

SVG = "{http://www.w3.org/2000/svg}"

hours = st.lists(st.integers(0, 10**12), min_size=HOURS_PER_DAY, max_size=HOURS_PER_DAY)


def chart(
    written: list[int], read: list[int], *, begun: int = HOURS_PER_DAY, width: int = 960
) -> HourlyChart:
    return HourlyChart(
        name="c",
        currency="USD",
        series={"KAFKA_NETWORK_WRITE": written, "KAFKA_NETWORK_READ": read},
        hours_begun=begun,
        width=width,
    )


def drawn(wanted: HourlyChart) -> Element:
    return fromstring(to_xml(draw(wanted)))  # noqa: S314 our own picture


def rects(picture: Element, kind: str) -> list[dict[str, Decimal]]:
    return [
        {name: Decimal(rect.attrib[name]) for name in ("x", "y", "width", "height")}
        for rect in picture.iter(f"{SVG}rect")
        if rect.attrib["class"] == kind
    ]


def test_bars_are_as_high_as_their_amounts() -> None:
    written = [0] * 23 + [50_000]
    read = [25_000] + [0] * 22 + [50_000]
    picture = drawn(chart(written, read))
    (in_bar,) = rects(picture, "network-write")
    first, last = rects(picture, "network-read")
    full = Decimal(HEIGHT - TOP - BOTTOM)
    assert in_bar["height"] == last["height"] == full / 2
    assert first["height"] == full / 4
    assert last["y"] == TOP
    assert last["y"] + last["height"] == in_bar["y"]


@given(hours, hours)
def test_everything_stays_inside(written: list[int], read: list[int]) -> None:
    for width in (380, 960):
        picture = drawn(chart(written, read, width=width))
        for rect in rects(picture, "network-write") + rects(picture, "network-read"):
            assert rect["height"] > 0
            assert rect["y"] >= TOP
            assert rect["y"] + rect["height"] <= HEIGHT - BOTTOM
            assert rect["x"] >= 0
            assert rect["x"] + rect["width"] <= width


@pytest.mark.parametrize(
    ("highest", "labels"),
    [
        (64_000, ["0", "0.02", "0.04", "0.06", "0.08"]),
        (1, ["0", "0.000001"]),
        (9_999_999, ["0", "5", "10"]),
        (0, ["0", "0.000001"]),
    ],
)
def test_the_axis_has_round_numbers(highest: int, labels: list[str]) -> None:
    picture = drawn(chart([highest] + [0] * 23, [0] * 24))
    texts = [
        text.text for text in picture.iter(f"{SVG}text") if text.attrib["text-anchor"] == "end"
    ]
    assert texts == labels


def test_hours_to_come_are_shaded() -> None:
    (rest,) = rects(drawn(chart([1] * 24, [0] * 24, begun=12)), "pending")
    assert rest["x"] + rest["width"] == 952
    assert rest["width"] == Decimal(952 - 64) / 2
    assert rects(drawn(chart([1] * 24, [0] * 24)), "pending") == []


def test_it_says_what_it_shows() -> None:
    shown = chart([0, 30_000] + [0] * 22, [0, 5_000] + [0] * 22)
    assert describe(shown) == (
        "Stacked bars, one for each hour in UTC. The highest is 01:00 with 0.035000 USD."
        " Over the day: Data in 0.030000, Data out 0.005000."
    )
    assert describe(chart([0] * 24, [0] * 24)) == "No hour of the day costs anything."
    picture = drawn(shown)
    named = picture.attrib["aria-labelledby"].split()
    texts = {one.attrib.get("id"): one.text for one in picture}
    assert [texts[name] for name in named] == ["Cost of each hour", describe(shown)]
    assert picture.attrib["role"] == "img"
