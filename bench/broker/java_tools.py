"""Kafka's own performance tools against both brokers, read from what they print."""

from __future__ import annotations

import re
import subprocess
from functools import partial
from pathlib import Path

from bench.broker.brokers import Broker, class_path, java
from bench.broker.rounds import Figures, alternate
from bench.broker.session import Session, say
from bench.broker.size import Size

TOOLS = "org.apache.kafka.tools"
RECORD_BYTES = 100
PRODUCED = re.compile(
    r"records sent, (?P<rate>[\d.]+) records/sec \((?P<mb>[\d.]+) MB/sec\), (?P<mean>[\d.]+) ms avg"
    r" latency.*?(?P<p50>\d+) ms 50th, .*?(?P<p99>\d+) ms 99th, (?P<p999>\d+) ms 99.9th"
)
MEAN = re.compile(r"Avg latency: (?P<mean>[\d.]+) ms")
PERCENTILES = re.compile(
    r"Percentiles: 50th = (?P<p50>\d+), 99th = (?P<p99>\d+), 99.9th = (?P<p999>\d+)"
)
JVM = ["-Xmx512m"]


class ToolError(Exception):
    """A tool failed or printed something else than it used to."""


def measure(session: Session) -> Figures:
    """Producing, consuming and going through, in alternating rounds."""
    size = session.size
    say("Java's ProducerPerformance and ConsumerPerformance")
    streams = alternate("java-stream", session.variants, size.rounds, partial(_stream, size))
    say("Java's EndToEndLatency")
    trips = alternate("java-trip", session.variants, size.rounds, partial(_trip, size))
    return {"ProducerPerformance and ConsumerPerformance": streams, "EndToEndLatency": trips}


def producer_figures(printed: str) -> dict[str, float]:
    """The last line of ProducerPerformance, which sums up."""
    found = list(PRODUCED.finditer(printed))
    if not found:
        raise ToolError(f"ProducerPerformance printed {printed[-500:]!r}")
    last = found[-1]
    return {
        "records_per_second": float(last["rate"]),
        "mb_per_second": float(last["mb"]),
        "mean_ms": float(last["mean"]),
        **{f"{name}_ms": float(last[name]) for name in ("p50", "p99", "p999")},
    }


def consumer_figures(printed: str) -> dict[str, float]:
    """The header and the row of ConsumerPerformance, without the time of joining the group."""
    lines = [line.split(", ") for line in printed.splitlines() if ", " in line]
    if len(lines) < 2 or lines[-2][0] != "start.time":  # noqa: PLR2004  a header and a row
        raise ToolError(f"ConsumerPerformance printed {printed[-500:]!r}")
    row = dict(zip(lines[-2], lines[-1], strict=True))
    return {
        "records_per_second": float(row["fetch.nMsg.sec"]),
        "mb_per_second": float(row["fetch.MB.sec"]),
        "records": float(row["data.consumed.in.nMsg"]),
    }


def trip_figures(printed: str) -> dict[str, float]:
    """What EndToEndLatency found; its percentiles are whole milliseconds."""
    mean, percentiles = MEAN.search(printed), PERCENTILES.search(printed)
    if mean is None or percentiles is None:
        raise ToolError(f"EndToEndLatency printed {printed[-500:]!r}")
    names = ("p50", "p99", "p999")
    return {"mean_ms": float(mean["mean"])} | {
        f"{name}_ms": float(percentiles[name]) for name in names
    }


def _stream(size: Size, broker: Broker, topic: str) -> Figures:
    address = f"127.0.0.1:{broker.port}"
    produced = _run(
        "ProducerPerformance",
        *("--topic", topic, "--num-records", str(size.java_records), "--throughput", "-1"),
        *("--record-size", str(RECORD_BYTES), "--producer-props", f"bootstrap.servers={address}"),
        *("acks=all", "linger.ms=5", "batch.size=65536"),
    )
    consumed = _run(
        "ConsumerPerformance",
        *("--bootstrap-server", address, "--topic", topic),
        *("--messages", str(size.java_records), "--timeout", "60000"),
    )
    return {"produce": producer_figures(produced), "consume": consumer_figures(consumed)}


def _trip(size: Size, broker: Broker, topic: str) -> Figures:
    address, count = f"127.0.0.1:{broker.port}", str(size.java_round_trips)
    return trip_figures(_run("EndToEndLatency", address, topic, count, "all", str(RECORD_BYTES)))


def _run(tool: str, *arguments: str) -> str:
    command = [*java(*JVM, *class_path()), f"{TOOLS}.{tool}", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=Path("/"))
    if done.returncode != 0:
        raise ToolError(f"{tool} ended with {done.returncode}: {done.stderr[-500:]}")
    return done.stdout
