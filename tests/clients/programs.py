"""Client programs as child processes: run to the end, or read while they run."""

from __future__ import annotations

import subprocess
import threading
import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager

from tests.clients.samples import PATIENCE_SECONDS


def run(command: Sequence[str], lines: Sequence[str] = ()) -> list[str]:
    """Feed lines to a program and return those it prints; fails with what it complained about."""
    done = subprocess.run(
        list(command),
        input="".join(f"{line}\n" for line in lines),
        capture_output=True,
        text=True,
        timeout=2 * PATIENCE_SECONDS,
        check=False,
    )
    assert done.returncode == 0, f"{command[0]} ended with {done.returncode}: {done.stderr[-2000:]}"
    return done.stdout.splitlines()


def pause() -> None:
    """Between two looks at what a program has printed."""
    time.sleep(0.05)


class Reader:
    """A program that goes on printing lines; `lines` grows as it does."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.lines: list[str] = []
        self._process = process
        self._thread = threading.Thread(target=self._read)
        self._thread.start()

    def stop(self) -> None:
        """Ask the program to end and read what it still prints."""
        self._process.terminate()
        self._thread.join(PATIENCE_SECONDS)
        self._process.wait(PATIENCE_SECONDS)

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self.lines.append(line.rstrip("\n"))


@contextmanager
def reading(command: Sequence[str]) -> Generator[Reader]:
    """A running program; it is stopped at the end."""
    with subprocess.Popen(
        list(command), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True
    ) as process:
        reader = Reader(process)
        try:
            yield reader
        finally:
            reader.stop()
