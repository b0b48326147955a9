"""A client program that answers requests as `foreign/README.md` says."""

from __future__ import annotations

import json
import subprocess
import tempfile
import threading
from collections.abc import Mapping, Sequence
from queue import Empty, Queue
from types import MappingProxyType
from typing import Any

import psutil

ANSWER_SECONDS_MAX = 75
"""More than the programs' own patience."""

STOP_SECONDS_MAX = 10


class ProgramError(Exception):
    """The program says that it could not do what it was asked, or gave no answer."""


class Program:
    """A running client program; `close` ends it."""

    def __init__(
        self,
        command: Sequence[str],
        access: Mapping[str, str],
        environment: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        self._complaints = tempfile.TemporaryFile(mode="w+")  # noqa: SIM115  closed by close
        self._process = subprocess.Popen(
            list(command),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._complaints,
            text=True,
            env=dict(environment) or None,
        )
        self._answers: Queue[str | None] = Queue()
        self._reader = threading.Thread(target=self._read)
        self._reader.start()
        self._ask(dict(access))

    def ask(self, do: str, **fields: Any) -> dict[str, Any]:
        """Send a request and return its answer; raises ProgramError when it says it failed."""
        return self._ask({"do": do, **fields})

    def connections(self, address: str) -> set[int]:
        """The program's own ports of the connections that it has open to an address."""
        port = int(address.rpartition(":")[2])
        found = psutil.Process(self._process.pid).net_connections("tcp")
        return {
            one.laddr.port
            for one in found
            if one.status == psutil.CONN_ESTABLISHED and one.raddr and one.raddr.port == port
        }

    def close(self) -> None:
        """End the input, upon which the program ends; kill it if it does not."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        try:
            self._process.wait(STOP_SECONDS_MAX)
        finally:
            self._process.kill()
            self._process.wait()
            self._reader.join()
            self._process.stdout.close()
            self._complaints.close()

    def _ask(self, request: dict[str, Any]) -> dict[str, Any]:
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(f"{json.dumps(request)}\n")
            self._process.stdin.flush()
            line = self._answers.get(timeout=ANSWER_SECONDS_MAX)
        except (BrokenPipeError, Empty) as error:
            raise ProgramError(f"no answer: {self._said()}") from error
        if line is None:
            # For whoever asks next.
            self._answers.put(None)
            raise ProgramError(f"it ended: {self._said()}")
        answer: dict[str, Any] = json.loads(line)
        if "error" in answer:
            raise ProgramError(answer["error"])
        return answer["ok"]

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            # A library that prints to standard output says nothing in JSON.
            if line.startswith("{"):
                self._answers.put(line)
        self._answers.put(None)

    def _said(self) -> str:
        self._complaints.seek(0)
        return self._complaints.read()[-2000:]
