"""No acknowledgement precedes its fdatasync: seen by strace, with a negative control.

Every record carries a marker and every request a correlation id of its own. In the order in which
strace saw the calls, the write of a record's bytes to a file must have returned before an fdatasync
of that file began which succeeded before the answer with that correlation id went to a socket.
"""

from __future__ import annotations

import asyncio
import subprocess
import tempfile
from pathlib import Path

import psutil

from bench.proofs import strace_log
from bench.proofs.broker_start import await_answer, free_port
from bench.proofs.produce_frames import create_topic_frame, marker, produce_frame
from bench.proofs.report import Finding
from tools.paths import BROKER, BROKER_BINARY, BUILD

CONNECTIONS = 8
RECORDS_EACH = 60
TOPIC = "synced"
CALLS = "write,writev,pwrite64,pwritev,pwritev2,sendto,sendmsg,fdatasync,fsync"
CONTROL_TARGET = BUILD / "negative-control"
CONTROL_FEATURE = "unsafe-ack-before-sync"


def prove() -> Finding:
    """The release broker under load from 8 connections; then a build that answers too early."""
    figures = judge(BROKER_BINARY)
    control = judge(build_control())
    expected = CONNECTIONS * RECORDS_EACH
    return Finding(
        figures={**figures, "negative_control": control},
        bar={"acknowledged": expected, "too_early": 0, "negative_control_too_early_min": 1},
        passed=figures["acknowledged"] == expected and figures["too_early"] == 0,
        control_red=control["too_early"] > 0,
    )


def judge(binary: Path) -> dict[str, int]:
    """Counts of acknowledgements, of those that came too early, and of syncs, for one build."""
    with tempfile.TemporaryDirectory() as directory:
        trace = Path(directory) / "trace"
        port = free_port()
        command = ["strace", "-f", "-yy", "-xx", "-s", "4096", "-e", f"trace={CALLS}"]
        command += ["-o", str(trace), str(binary), "dev", "--listen", f"127.0.0.1:{port}"]
        command += ["--data-dir", str(Path(directory) / "data"), "--num-partitions", "1"]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            await_answer(port)
            asyncio.run(produce_all(port))
        finally:
            # strace itself blocks the signals that would end it while its program runs.
            for traced in psutil.Process(process.pid).children():
                traced.terminate()
            process.wait(30)
        calls = strace_log.parse(trace.read_text(encoding="utf-8", errors="replace"))
    acknowledged = [_correlation(c, n) for c in range(CONNECTIONS) for n in range(RECORDS_EACH)]
    early = [each for each in acknowledged if not strace_log.synced_before_answer(calls, each)]
    syncs = sum(call.name in {"fdatasync", "fsync"} for call in calls)
    return {"acknowledged": len(acknowledged), "too_early": len(early), "syncs": syncs}


async def produce_all(port: int) -> None:
    """Every connection sends its records one after the other; all connections at once."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    await _ask(reader, writer, create_topic_frame(0x7F000000, TOPIC))
    writer.close()
    await asyncio.gather(*(_one_connection(port, number) for number in range(CONNECTIONS)))


def build_control() -> Path:
    """A broker that acknowledges before it syncs, built apart from the one that ships."""
    build = ["cargo", "build", "--locked", "--package", "headrace-broker"]
    build += ["--features", CONTROL_FEATURE, "--target-dir", str(CONTROL_TARGET)]
    subprocess.run([*build, "--quiet"], cwd=BROKER, check=True)
    return CONTROL_TARGET / "debug" / BROKER_BINARY.name


async def _one_connection(port: int, connection: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for number in range(RECORDS_EACH):
        correlation = _correlation(connection, number)
        await _ask(reader, writer, produce_frame(correlation, TOPIC, marker(correlation)))
    writer.close()


async def _ask(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, frame: bytes) -> bytes:
    writer.write(frame)
    size = int.from_bytes(await reader.readexactly(4))
    answer = await reader.readexactly(size)
    assert answer[:4] == frame[8:12], "an answer to another request"
    return answer


def _correlation(connection: int, number: int) -> int:
    return 0x5A000000 + connection * 0x10000 + number
