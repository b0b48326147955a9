"""docs/benchmarks.md: a run as tables, beside a plot. Nothing in it is written by hand."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench.broker import bulk, latency, partitions, stored
from bench.broker.bars import Bar
from bench.broker.brokers import HEADRACE, KAFKA
from bench.broker.plot import Series, draw
from bench.broker.rounds import Figures, ratio
from tools.paths import ROOT

DOCS = ROOT / "docs"
PAGE, PLOT, DATA = "benchmarks.md", "benchmarks.svg", "benchmarks.json"
MIB = 2**20
NAMES = {HEADRACE: "Headrace", KAFKA: "Apache Kafka 4.3.1"}

HEAD = """\
# Benchmarks of the broker

`make bench-broker` starts Headrace's broker and Apache Kafka 4.3.1 from its published artifacts
beside each other on one machine, sends both the same frames from a load generator of our own on
the same cores, in alternating rounds, and writes this page. Figures are medians of the rounds.

**Headrace acknowledges a record only after the fdatasync that covers it. Apache Kafka acknowledges
from memory**, as it is shipped; where it says `flush.messages=1` it was made to sync every request.
Both listen without TLS. Kafka runs with the heap (1 GiB) and the collector of its start script. MB
and GB are 2^20 and 2^30 bytes. CPU is the broker's own, user and system.

{facts}

![Rates beside Apache Kafka, and MB/s over the growth of a log](benchmarks.svg)
"""


@dataclass(frozen=True, kw_only=True)
class Run:
    """What was measured, of which commit, where and when."""

    commit: str
    at: str
    machine: Mapping[str, Any]
    size: str
    groups: Mapping[str, Figures]

    @classmethod
    def of(
        cls, groups: Mapping[str, Figures], *, commit: str, machine: Mapping[str, Any], size: str
    ) -> Run:
        at = datetime.now(UTC).replace(microsecond=0).isoformat()
        return cls(commit=commit, at=at, machine=machine, size=size, groups=groups)

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def write(run: Run, bars: Sequence[Bar], directory: Path = DOCS) -> None:
    """Put page, plot and figures into docs."""
    figures = {**run.as_json(), "bars": [bar.as_json() for bar in bars]}
    (directory / DATA).write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    (directory / PAGE).write_text(page(run, bars), encoding="utf-8")
    (directory / PLOT).write_text(plot(run), encoding="utf-8")


def page(run: Run, bars: Sequence[Bar]) -> str:
    """The whole page as Markdown."""
    machine = run.machine
    facts = (
        f"Commit `{run.commit}`, {run.at[:10]}, {machine['cores']} cores,"
        f" {machine['memory_gib']} GiB of memory, {machine['system']}; {run.size} size."
    )
    groups = run.groups
    parts = [
        HEAD.format(facts=facts),
        _section("Against the bars", _bars(bars)),
        _section("Small requests", _small(groups["latency"])),
        _section("Bulk", _bulk(groups["bulk"])),
        _section("Partitions", _partitions(groups["partitions"])),
        _section("A log that has grown", _stored(groups["stored"])),
        _section("At rest", _rest(groups["resources"])),
        _section("Kafka's own tools", _java(groups["java"])),
    ]
    return "\n".join(parts)


def plot(run: Run) -> str:
    """Ratios to Kafka unsynced as bars, and the growth of a log as a line."""
    groups = run.groups
    fifty = groups["latency"][latency.FIFTY]
    pairs = {"50 in flight": _pair(fifty, "produce", "requests_per_second")}
    for name in bulk.SHAPES:
        pairs[name] = _pair(groups["bulk"][name], "produce", "mb_per_second")
    pairs["fetch 1 MiB"] = _pair(groups["bulk"][bulk.FETCH], "consume", "mb_per_second")
    pairs["with 3 readers"] = _pair(groups["bulk"][bulk.TAIL], "produce", "mb_per_second")
    for name in _spread(groups["partitions"])[1:]:
        pairs[name] = _pair(groups["partitions"][name], "produce", "requests_per_second")
    growth = groups["stored"][HEADRACE][stored.GROWTH]
    rates: list[float] = growth["mb_per_second"]
    return draw(
        {name: ratio(*pair) for name, pair in pairs.items()},
        Series(step=growth["step_gib"], values=rates),
    )


def _pair(found: Figures, flow: str, figure: str) -> tuple[float, float]:
    return found[HEADRACE][flow][figure], found[KAFKA][flow][figure]


def _section(title: str, table: str) -> str:
    return f"## {title}\n\n{table}\n"


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table, its first column of words and the others of numbers."""
    lines = [f"| {' | '.join(head)} |", f"|---|{'---:|' * (len(head) - 1)}"]
    return "\n".join(lines + [f"| {' | '.join(row)} |" for row in rows])


def _bars(bars: Sequence[Bar]) -> str:
    rows = [
        (
            bar.what,
            f"{bar.figure:,}",
            f"at least {bar.at_least:,}"
            if bar.at_least is not None
            else f"at most {bar.at_most:,}",
            "kept" if bar.kept else "**missed**",
        )
        for bar in bars
    ]
    return table(("promise", "figure", "bar", ""), rows)


def _name(variant: str) -> str:
    return NAMES.get(variant) or variant.replace(KAFKA, NAMES[KAFKA])


def _variants(found: Figures) -> dict[str, Figures]:
    return {_name(name): each for name, each in found.items() if isinstance(each, dict)}


def _small(found: Figures) -> str:
    rows = [
        (
            f"{scenario}: {variant}",
            f"{each['produce']['requests_per_second']:,.0f}",
            *(f"{each['produce'][name]:,.0f}" for name in ("p50_us", "p99_us", "p999_us")),
            f"{each['cpu_seconds_per_100k_requests']:.2f}",
            f"{each['broker']['resident_bytes'] / MIB:,.0f}",
        )
        for scenario, variants in found.items()
        for variant, each in _variants(variants).items()
    ]
    head = ("one record of 100 bytes", "requests/s", "p50 µs", "p99 µs", "p99.9 µs")
    cost = f"One fdatasync of a small append took {found[latency.ALONE]['fdatasync_us']} µs."
    return table((*head, "CPU s per 100 k", "resident MB"), rows) + f"\n\n{cost}"


def _bulk(found: Figures) -> str:
    rows = [
        (
            f"{scenario}: {variant}",
            _rate(each, "produce"),
            _rate(each, "consume"),
            f"{(each['produce'] or each['consume'])['p99_us'] / 1_000:,.1f}",
            f"{each['cpu_seconds_per_gb']:.2f}",
            f"{each['broker']['device_read_bytes'] / MIB:,.0f}",
            f"{each['broker']['resident_bytes'] / MIB:,.0f}",
        )
        for scenario, variants in found.items()
        for variant, each in _variants(variants).items()
    ]
    head = ("10 requests in flight", "MB/s in", "MB/s out", "p99 ms", "CPU s per GB")
    return table((*head, "MB read from the device", "resident MB"), rows)


def _rate(each: Figures, flow: str) -> str:
    return f"{each[flow]['mb_per_second']:,.0f}" if each[flow] else ""


def _spread(found: Figures) -> list[str]:
    return [name for name in found if name != partitions.IDLE]


def _partitions(found: Figures) -> str:
    rows = [
        (
            f"{scenario}: {variant}",
            f"{each['produce']['requests_per_second']:,.0f}",
            *(f"{each['produce'][name]:,.0f}" for name in ("p50_us", "p99_us")),
            f"{each['cpu_seconds_per_100k_requests']:.2f}",
        )
        for scenario in _spread(found)
        for variant, each in _variants(found[scenario]).items()
    ]
    written = table(
        ("50 in flight, in turn", "requests/s", "p50 µs", "p99 µs", "CPU s per 100 k"), rows
    )
    idle = [
        (
            variant,
            f"{each['partitions']:,}",
            f"{each['bytes_per_partition']:,}",
            f"{each['wakeups_per_second']:,}",
            f"{each['cpu_share']:.2%}",
        )
        for variant, each in _variants(found[partitions.IDLE]).items()
    ]
    head = ("idle", "partitions", "bytes each", "wakeups/s of all", "of a core")
    return f"{written}\n\n{table(head, idle)}"


def _stored(found: Figures) -> str:
    rows = [
        (
            variant,
            f"{each['stored_gib']:,}",
            f"{each[stored.GROWTH]['times_fresh']:.2f}",
            f"{each[stored.START]['answer_seconds'] * 1_000:,.0f}",
            f"{each[stored.CRASH]['answer_seconds'] * 1_000:,.0f}",
            f"{each[stored.CRASH]['produce_seconds'] * 1_000:,.0f}",
            f"{each[stored.COLD]['alone']['p99_us'] / 1_000:,.1f}",
            f"{each[stored.COLD]['beside']['p99_us'] / 1_000:,.1f}",
            f"{each[stored.COLD]['read']['mb_per_second']:,.0f}",
        )
        for variant, each in _variants(found).items()
    ]
    head = ("", "GB stored", "MB/s, times a fresh broker's", "start to answer, ms")
    crash = ("after kill -9: to answer, ms", "to a record, ms")
    cold = ("producer's p99, ms", "beside a cold reader, ms", "which reads MB/s")
    return table((*head, *crash, *cold), rows)


def _rest(found: Figures) -> str:
    rows = [
        (
            variant,
            f"{each['start_seconds'] * 1_000:,.0f}",
            f"{each['resident_bytes'] / MIB:,.1f}",
            f"{each['wakeups_per_second']:,}",
            f"{each['cpu_share']:.2%}",
            str(each["threads"]),
        )
        for variant, each in _variants(found).items()
    ]
    head = ("fresh and idle", "start to answer, ms", "resident MB", "wakeups/s", "of a core")
    return table((*head, "threads"), rows)


def _java(found: Figures) -> str:
    streams, trips = found.values()
    rows = [
        (
            variant,
            f"{each['produce']['records_per_second']:,.0f}",
            f"{each['produce']['p99_ms']:,.0f}",
            f"{each['consume']['records_per_second']:,.0f}",
            f"{_variants(trips)[variant]['mean_ms']:.2f}",
            f"{_variants(trips)[variant]['p99_ms']:,.0f}",
        )
        for variant, each in _variants(streams).items()
    ]
    head = ("records of 100 bytes", "ProducerPerformance, records/s", "its p99, ms")
    more = ("ConsumerPerformance, records/s", "EndToEndLatency, mean ms", "its p99, ms")
    return table((*head, *more), rows)
