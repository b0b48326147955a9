"""The plot of docs/benchmarks.md: an SVG that reads on light and on dark pages."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

WIDTH, LABELS, RIGHT = 880, 190, 70
ROW, BAR = 30, 18
TOP, GAP, GROWTH_HEIGHT, BOTTOM = 40, 60, 160, 40
OURS, EVEN, TEXT = "#0f9d8a", "#8a8f98", "#737b86"
FONT = "13px system-ui, sans-serif"


@dataclass(frozen=True, kw_only=True)
class Series:
    """Values at equal steps; `step` in GiB."""

    step: float
    values: Sequence[float]


def draw(ratios: Mapping[str, float], growth: Series) -> str:
    """Bars of ratios to Kafka with a line at 1, and below it the growth."""
    bars_end = TOP + ROW * len(ratios)
    height = bars_end + GAP + GROWTH_HEIGHT + BOTTOM
    picture = ET.Element(
        "svg",
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 0 {WIDTH} {height}",
        role="img",
        style=f"font: {FONT}; fill: {TEXT}",
    )
    ET.SubElement(picture, "title").text = "Headrace beside Apache Kafka unsynced"
    _text(picture, 0, 18, "Rate, times that of Apache Kafka unsynced")
    _bars(picture, ratios, bars_end)
    _growth(picture, growth, bars_end + GAP)
    ET.indent(picture)
    return ET.tostring(picture, encoding="unicode") + "\n"


def _bars(picture: ET.Element, ratios: Mapping[str, float], end: int) -> None:
    most = max([1.0, *ratios.values()])
    scale = (WIDTH - LABELS - RIGHT) / most
    for number, (name, value) in enumerate(ratios.items()):
        y = TOP + ROW * number
        _text(picture, LABELS - 10, y + BAR - 4, name, anchor="end")
        width = f"{value * scale:.1f}"
        ET.SubElement(
            picture, "rect", x=str(LABELS), y=str(y), width=width, height=str(BAR), fill=OURS
        )
        _text(picture, LABELS + value * scale + 6, y + BAR - 4, f"{value:.2f}")
    even = f"{LABELS + scale:.1f}"
    _line(picture, even, str(TOP - 8), even, str(end), dashes="4 4")


def _growth(picture: ET.Element, growth: Series, top: int) -> None:
    stored = growth.step * len(growth.values)
    _text(picture, 0, top - 14, f"MB/s while a log grows to {stored:g} GiB (100 x 1 KiB, synced)")
    most = max([1.0, *growth.values])
    wide = (WIDTH - LABELS - RIGHT) / max(len(growth.values) - 1, 1)
    points = " ".join(
        f"{LABELS + wide * number:.1f},{top + GROWTH_HEIGHT * (1 - value / most):.1f}"
        for number, value in enumerate(growth.values)
    )
    bottom = str(top + GROWTH_HEIGHT)
    _line(picture, str(LABELS), bottom, str(WIDTH - RIGHT), bottom)
    _text(picture, LABELS - 10, top + 10, f"{most:,.0f}", anchor="end")
    _text(picture, LABELS - 10, top + GROWTH_HEIGHT, "0", anchor="end")
    ET.SubElement(
        picture,
        "polyline",
        {"points": points, "fill": "none", "stroke": OURS, "stroke-width": "2.5"},
    )


def _line(picture: ET.Element, x1: str, y1: str, x2: str, y2: str, dashes: str = "") -> None:
    attributes = {"x1": x1, "y1": y1, "x2": x2, "y2": y2, "stroke": EVEN}
    ET.SubElement(picture, "line", attributes | ({"stroke-dasharray": dashes} if dashes else {}))


def _text(picture: ET.Element, x: float, y: float, text: str, anchor: str = "start") -> None:
    place = {"x": f"{x:.1f}", "y": f"{y:.1f}", "text-anchor": anchor}
    ET.SubElement(picture, "text", place).text = text
