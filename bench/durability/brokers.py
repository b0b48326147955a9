"""Our broker as a process that is killed, lied to and started again, if need be under strace."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

from bench.kafka_client import Connection
from bench.proofs.broker_start import free_port
from tools.paths import BROKER_BINARY

START_SECONDS_MAX = 60.0
STOP_SECONDS_MAX = 30.0
POLL_SECONDS = 0.001
SYNCS = "fdatasync,fsync,sync_file_range,syncfs"
LYING_SYNCS = ("-e", f"inject={SYNCS}:retval=0")
"""strace's options by which every sync succeeds and none happens: a broker that acknowledges before
it syncs, whatever its code says."""


class StartError(Exception):
    """The broker ended while it started; holds what it said."""


@dataclass(kw_only=True)
class Broker:
    """A broker that was started. Under strace `process` is strace, and the broker is its child."""

    process: subprocess.Popen[bytes]
    port: int
    log: Path
    traced: bool

    def connect(self, seconds: float = 30.0) -> Connection:
        return Connection(self.port, seconds)

    def kill(self) -> None:
        """End it as a crash would; returns when it is gone."""
        children = self._traced()
        for child in children:
            child.kill()
        # strace may hold a call back for longer than anyone waits; its program is dying already.
        self.process.kill()
        self.process.wait(STOP_SECONDS_MAX)
        psutil.wait_procs(children, STOP_SECONDS_MAX)

    def stop(self) -> None:
        """End it in order."""
        if self.traced:
            # strace itself blocks the signals that would end it while its program runs.
            for child in self._traced():
                child.terminate()
        else:
            self.process.terminate()
        self.process.wait(STOP_SECONDS_MAX)

    def _traced(self) -> list[psutil.Process]:
        """The broker behind strace, if there is one and it still runs."""
        try:
            return psutil.Process(self.process.pid).children() if self.traced else []
        except psutil.NoSuchProcess:
            return []

    @property
    def is_running(self) -> bool:
        return self.process.poll() is None

    def said(self) -> str:
        """The end of what it wrote to standard error."""
        return self.log.read_text(encoding="utf-8", errors="replace")[-1_000:]


def launch(
    data: Path,
    log: Path,
    *,
    binary: Path = BROKER_BINARY,
    strace: Sequence[str] = (),
    trace: Path | None = None,
    partitions: int = 1,
) -> Broker:
    """Start a broker on a data directory without waiting for it; `strace` are options of strace."""
    port = free_port()
    command = [str(binary), "dev", "--listen", f"127.0.0.1:{port}", "--data-dir", str(data)]
    command += ["--num-partitions", str(partitions)]
    if strace:
        output = str(trace) if trace else "/dev/null"
        command = ["strace", "-f", "-qq", *strace, "-o", output, *command]
    with log.open("wb") as output_file:
        process = subprocess.Popen(command, stdout=output_file, stderr=output_file)
    return Broker(process=process, port=port, log=log, traced=bool(strace))


def start(
    data: Path,
    log: Path,
    *,
    binary: Path = BROKER_BINARY,
    strace: Sequence[str] = (),
    trace: Path | None = None,
) -> Broker:
    """Start a broker and wait until it listens; raises StartError when it ends instead."""
    broker = launch(data, log, binary=binary, strace=strace, trace=trace)
    await_listening(broker)
    return broker


def attach(
    broker: Broker, options: Sequence[str], trace: Path | None = None
) -> subprocess.Popen[bytes]:
    """Have strace take a running broker; returns once it does. strace ends with the broker."""
    output = str(trace) if trace else "/dev/null"
    command = ["strace", "-f", "-p", str(broker.process.pid), "-o", output, *options]
    said = broker.log.with_suffix(".strace")
    with said.open("wb") as errors:
        tracer = subprocess.Popen(command, stdout=errors, stderr=errors)
    deadline = time.monotonic() + START_SECONDS_MAX
    while b"attached" not in said.read_bytes():
        if tracer.poll() is not None or time.monotonic() > deadline:
            raise StartError(f"strace does not attach: {said.read_text('utf-8')}")
        time.sleep(POLL_SECONDS)
    return tracer


def await_listening(broker: Broker) -> None:
    """Raises StartError when the broker ends instead of listening."""
    deadline = time.monotonic() + START_SECONDS_MAX
    while time.monotonic() < deadline:
        if not broker.is_running:
            raise StartError(f"status {broker.process.returncode}: {broker.said()}")
        try:
            broker.connect().close()
        except OSError:
            time.sleep(POLL_SECONDS)
        else:
            return
    broker.kill()
    raise StartError("the broker did not listen")
