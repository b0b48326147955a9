"""How soon a broker answers and how little it holds when idle."""

from __future__ import annotations

import socket
import statistics
import struct
import subprocess
import tempfile
import time
from pathlib import Path

import psutil

from bench.proofs.report import Finding
from bench.proofs.samples import summary_ms
from tools.paths import BROKER_BINARY

ROUNDS = 20
START_MEDIAN_MS_MAX = 50
IDLE_BYTES_MAX = 15_000_000
SETTLE_SECONDS = 0.5
ANSWER_SECONDS_MAX = 10.0
API_VERSIONS_V0 = struct.pack(">hhih", 18, 0, 1, -1)


def prove() -> Finding:
    """20 starts: exec to the first ApiVersions answer, and resident memory half a second later."""
    starts: list[float] = []
    resident: list[int] = []
    for _ in range(ROUNDS):
        with tempfile.TemporaryDirectory() as directory:
            seconds, idle_bytes = one_start(Path(directory))
        starts.append(seconds)
        resident.append(idle_bytes)
    start = summary_ms(starts)
    idle = int(statistics.median(resident))
    figures = {"start": start, "idle_resident_bytes": {"median": idle, "max": max(resident)}}
    bar = {"start_median_ms_max": START_MEDIAN_MS_MAX, "idle_resident_bytes_max": IDLE_BYTES_MAX}
    passed = start["median_ms"] <= START_MEDIAN_MS_MAX and max(resident) <= IDLE_BYTES_MAX
    return Finding(figures=figures, bar=bar, passed=passed)


def one_start(directory: Path) -> tuple[float, int]:
    """Seconds from exec to first answer, and idle resident bytes, of one fresh broker."""
    port = free_port()
    command = [str(BROKER_BINARY), "dev", "--listen", f"127.0.0.1:{port}"]
    started = time.perf_counter()
    process = subprocess.Popen(
        [*command, "--data-dir", str(directory)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        await_answer(port)
        seconds = time.perf_counter() - started
        time.sleep(SETTLE_SECONDS)
        return seconds, psutil.Process(process.pid).memory_info().rss
    finally:
        process.terminate()
        process.wait(10)


def await_answer(port: int) -> None:
    """Ask for ApiVersions until there is a whole answer; raises TimeoutError."""
    deadline = time.monotonic() + ANSWER_SECONDS_MAX
    while time.monotonic() < deadline:
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=1) as connection:
                connection.sendall(struct.pack(">i", len(API_VERSIONS_V0)) + API_VERSIONS_V0)
                if connection.recv(8):
                    return
        except ConnectionRefusedError:
            time.sleep(0.0005)
    raise TimeoutError("the broker did not answer")


def free_port() -> int:
    """A port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
