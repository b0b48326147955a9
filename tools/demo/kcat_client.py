"""Reading with kcat, which knows nothing of us."""

from __future__ import annotations

import json
import shutil
import subprocess
from typing import Any

from tools.demo.checks import DemoError
from tools.demo.cluster import Cluster
from tools.demo.records import Record, Stored

SECONDS_MAX = 60


def read_all(cluster: Cluster, topic: str) -> list[Stored]:
    """Read every partition from its start to its end."""
    program = shutil.which("kcat")
    if program is None:
        raise DemoError("kcat is not on PATH; `make setup-tests` installs it")
    options = [f"-X{name}={value}" for name, value in cluster.librdkafka.items()]
    command = [program, "-q", *options, "-C", "-J", "-e", "-o", "beginning", "-t", topic]
    done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS_MAX, check=False)
    if done.returncode != 0:
        raise DemoError(f"kcat: {done.stderr[-1000:]}")
    return [_stored(json.loads(line)) for line in done.stdout.splitlines()]


def _stored(message: dict[str, Any]) -> Stored:
    flat: list[str] = message["headers"]
    pairs = zip(flat[::2], flat[1::2], strict=True)
    record = Record(
        partition=message["partition"],
        key=message["key"].encode(),
        value=message["payload"].encode(),
        headers=tuple((name, value.encode()) for name, value in pairs),
    )
    return Stored(record=record, offset=message["offset"])
