"""The hourly chart: stacked bars as SVG, drawn in integers. Pure.

By itself the picture is light, as a printed document needs it. A page may colour it anew: what
has a colour also has a class, and a style sheet overrules presentation attributes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from xml.etree.ElementTree import Element

from billing.catalog.prices import LINE_TYPES, Meter
from billing.money import micros_text
from billing.periods import HOURS_PER_DAY
from billing.reports.markup import element
from billing.reports.wording import description

SVG_NAMESPACE = "http://www.w3.org/2000/svg"

HEIGHT = 240
TOP = 14
BOTTOM = 26
LEFT = 64
RIGHT = 8
TEXT_SIZE = 12
BAR_PARTS = 5  # four of them bar, one gap
TICKS_WANTED = 4
WIDE_MIN = 600  # from here on every third hour has a label, below every sixth

FONT = "Libertinus Serif"
"""What typst has on board; pages overrule it."""

CLASSES: Mapping[str, str] = {
    LINE_TYPES[Meter.BASE]: "base",
    LINE_TYPES[Meter.NETWORK_WRITE]: "network-write",
    LINE_TYPES[Meter.NETWORK_READ]: "network-read",
    LINE_TYPES[Meter.STORAGE]: "storage",
    LINE_TYPES[Meter.PARTITION]: "partition",
}
LIGHT: Mapping[str, str] = {
    "base": "#5c6770",
    "network-write": "#0b7285",
    "network-read": "#d9480f",
    "storage": "#6741d9",
    "partition": "#2b8a3e",
    "axis": "#6f7f88",
    "grid": "#dde3e6",
    "text": "#3b474e",
    "pending": "#eef2f4",
}
"""Each series keeps a contrast of at least 3 to white (WCAG 1.4.11)."""


@dataclass(frozen=True, kw_only=True)
class HourlyChart:
    """What is drawn: per line type 24 amounts in micro-units, none of them negative.

    Hours from `hours_begun` on have not come yet. `name` makes the picture's ids unique on a page.
    """

    name: str
    currency: str
    series: Mapping[str, Sequence[int]]
    hours_begun: int
    width: int


def draw(chart: HourlyChart) -> Element:
    """The chart as an svg element with a title and a description for those who do not see it."""
    title, text = f"{chart.name}-title", f"{chart.name}-text"
    attributes = {
        "xmlns": SVG_NAMESPACE,
        "viewBox": f"0 0 {chart.width} {HEIGHT}",
        "width": str(chart.width),
        "height": str(HEIGHT),
        "role": "img",
        "aria-labelledby": f"{title} {text}",
        "font-family": FONT,
        "font-size": str(TEXT_SIZE),
    }
    scale = _scale(chart)
    return element(
        "svg",
        attributes,
        element("title", {"id": title}, "Cost of each hour"),
        element("desc", {"id": text}, describe(chart)),
        *_pending(chart),
        *_grid(chart, scale),
        *_bars(chart, scale),
        *_hours(chart),
    )


def describe(chart: HourlyChart) -> str:
    """What the picture shows, in a sentence or two."""
    totals = _totals(chart)
    highest = max(totals)
    if highest == 0:
        return "No hour of the day costs anything."
    at = totals.index(highest)
    named = ", ".join(
        f"{description(line_type)} {micros_text(sum(hours))}"
        for line_type, hours in chart.series.items()
    )
    return (
        f"Stacked bars, one for each hour in UTC. The highest is {at:02}:00 with"
        f" {micros_text(highest)} {chart.currency}. Over the day: {named}."
    )


@dataclass(frozen=True)
class _Scale:
    """The value axis: a tick at every `step` up to `top`, in micro-units."""

    step: int
    top: int

    def y(self, micros: int) -> int:
        """Where an amount lies, in hundredths of a pixel from the top."""
        height = (HEIGHT - TOP - BOTTOM) * 100
        return TOP * 100 + height - height * micros // self.top


def _scale(chart: HourlyChart) -> _Scale:
    """Ticks at 1, 2 or 5 times a power of ten, as few as reach over the highest bar."""
    highest = max(1, *_totals(chart))
    step = next(step for step in _steps() if step * TICKS_WANTED >= highest)
    return _Scale(step, step * -(-highest // step))


def _steps() -> Iterator[int]:
    power = 1
    while True:
        yield from (power, 2 * power, 5 * power)
        power *= 10


def _totals(chart: HourlyChart) -> list[int]:
    return [sum(hours[at] for hours in chart.series.values()) for at in range(HOURS_PER_DAY)]


def _x(chart: HourlyChart, hour: int) -> int:
    """Where an hour begins, in hundredths of a pixel."""
    return LEFT * 100 + (chart.width - LEFT - RIGHT) * 100 * hour // HOURS_PER_DAY


def _pixels(hundredths: int) -> str:
    return f"{hundredths // 100}.{hundredths % 100:02}"


def _pending(chart: HourlyChart) -> Iterator[Element]:
    if chart.hours_begun >= HOURS_PER_DAY:
        return
    start = _x(chart, chart.hours_begun)
    yield element(
        "rect",
        {
            "class": "pending",
            "fill": LIGHT["pending"],
            "x": _pixels(start),
            "y": str(TOP),
            "width": _pixels(_x(chart, HOURS_PER_DAY) - start),
            "height": str(HEIGHT - TOP - BOTTOM),
        },
    )


def _grid(chart: HourlyChart, scale: _Scale) -> Iterator[Element]:
    for micros in range(0, scale.top + 1, scale.step):
        kind = "grid" if micros else "axis"
        y = scale.y(micros)
        line = {
            "class": kind,
            "stroke": LIGHT[kind],
            "x1": str(LEFT),
            "x2": str(chart.width - RIGHT),
            "y1": _pixels(y),
            "y2": _pixels(y),
        }
        yield element("line", line)
        label = _short(micros)
        yield _text(label, x=(LEFT - 8) * 100, y=y + TEXT_SIZE * 33, anchor="end")


def _bars(chart: HourlyChart, scale: _Scale) -> Iterator[Element]:
    for hour in range(HOURS_PER_DAY):
        below = 0
        start, end = _x(chart, hour), _x(chart, hour + 1)
        gap = (end - start) // BAR_PARTS
        for line_type, hours in chart.series.items():
            micros = hours[hour]
            top, bottom = scale.y(below + micros), scale.y(below)
            below += micros
            if top == bottom:
                continue
            kind = CLASSES[line_type]
            bar = {
                "class": kind,
                "fill": LIGHT[kind],
                "x": _pixels(start + gap // 2),
                "y": _pixels(top),
                "width": _pixels(end - start - gap),
                "height": _pixels(bottom - top),
            }
            yield element("rect", bar)


def _hours(chart: HourlyChart) -> Iterator[Element]:
    every = 3 if chart.width >= WIDE_MIN else 6
    for hour in range(0, HOURS_PER_DAY, every):
        middle = (_x(chart, hour) + _x(chart, hour + 1)) // 2
        yield _text(f"{hour:02}:00", x=middle, y=(HEIGHT - 8) * 100, anchor="middle")


def _text(text: str, *, x: int, y: int, anchor: str) -> Element:
    attributes = {
        "class": "text",
        "fill": LIGHT["text"],
        "x": _pixels(x),
        "y": _pixels(y),
        "text-anchor": anchor,
    }
    return element("text", attributes, text)


def _short(micros: int) -> str:
    """An amount without the zeros at its end: `0.02`."""
    return micros_text(micros).rstrip("0").rstrip(".")
